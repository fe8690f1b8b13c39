// SPDX-License-Identifier: Apache-2.0
// normal: a day without an event. 200 requests per second, one per user, coupons for all.
import exec from 'k6/execution';
import { ask } from './lib/native.js';
import { options as build, steady } from './lib/load.js';

export { handleSummary } from './lib/summary.js';

export const options = build({
  scenarios: { normal: steady({ rate: 200, seconds: 120, vus: 200 }) },
  must: {
    http_req_failed: ['rate==0'], coupons_error: ['count==0'], coupons_sold_out: ['count==0'],
  },
  fast: { http_req_duration: ['p(95)<20'], dropped_iterations: ['count==0'] },
});

export default function () {
  ask(exec.scenario.iterationInTest);
}
