// SPDX-License-Identifier: Apache-2.0
// s0-max: s0 at the highest rate that k6 can offer on two cores, which it shares with everything
// that it measures. To find another machine's rate, raise --scale until k6 drops iterations.
import { between, issuer } from './lib/compat.js';
import { arrivals, options as build } from './lib/load.js';

export { handleSummary } from './lib/summary.js';

const issue = issuer('/coupons/issue', [200]);
const rate = 3000;

export const options = build({
  scenarios: {
    s0_max: arrivals({
      stages: [
        { target: 0, seconds: 5 },
        { target: rate, seconds: 5 },
        { target: rate, seconds: 30 },
        { target: 0, seconds: 10 },
      ],
      vus: 2000,
    }),
  },
  must: { http_req_failed: ['rate<0.01'], checks: ['rate>0.95'], issue_error_rate: ['rate<0.01'] },
  fast: { http_req_duration: ['p(95)<200'] },
});

export default function () {
  issue({ userId: between(1, 10000), couponPolicyId: 1 });
}
