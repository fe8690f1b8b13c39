// SPDX-License-Identifier: Apache-2.0
// instant: 1,000 new users per second in instant mode: the answer waits for the COMMIT and carries
// the coupon. How many get it with the answer, and how long does that take?
import exec from 'k6/execution';
import { ask } from './lib/native.js';
import { options as build, steady } from './lib/load.js';

export { handleSummary } from './lib/summary.js';

export const options = build({
  scenarios: { instant: steady({ rate: 1000, seconds: 60, vus: 1000 }) },
  must: { http_req_failed: ['rate==0'], coupons_error: ['count==0'], coupons_granted: ['count>0'] },
  fast: { dropped_iterations: ['count==0'] },
});

export default function () {
  ask(exec.scenario.iterationInTest);
}
