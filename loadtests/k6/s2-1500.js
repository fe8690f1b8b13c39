// SPDX-License-Identifier: Apache-2.0
// s2-1500: the requests of s2 at a steady 1,500 per second.
import { between, issuer } from './lib/compat.js';
import { options as build, steady } from './lib/load.js';

export { handleSummary } from './lib/summary.js';

const issue = issuer('/api/v1/coupons/issue', [200]);

export const options = build({
  scenarios: { s2_1500: steady({ rate: 1500, seconds: 60, vus: 1000 }) },
  must: { http_req_failed: ['rate==0'], checks: ['rate==1'] },
  fast: { dropped_iterations: ['count==0'] },
});

export default function () {
  issue({ userId: between(0, 99999), couponCode: 'COUPON2025' });
}
