// SPDX-License-Identifier: Apache-2.0
// soak: half an hour at 300 requests per second, to see whether anything grows that should not.
import exec from 'k6/execution';
import { ask } from './lib/native.js';
import { options as build, steady } from './lib/load.js';

export { handleSummary } from './lib/summary.js';

export const options = build({
  scenarios: { soak: steady({ rate: 300, seconds: 1800, vus: 300 }) },
  must: { http_req_failed: ['rate==0'], coupons_error: ['count==0'] },
  fast: { http_req_duration: ['p(95)<20', 'p(99)<100'], dropped_iterations: ['count==0'] },
});

export default function () {
  ask(exec.scenario.iterationInTest);
}
