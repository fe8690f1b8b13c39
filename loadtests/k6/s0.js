// SPDX-License-Identifier: Apache-2.0
// s0: 2,000 requests per second for 10,000 coupons, from 10,000 random users. It has the report's
// thresholds and metrics.
import { between, issuer } from './lib/compat.js';
import { arrivals, options as build } from './lib/load.js';

export { handleSummary } from './lib/summary.js';

const issue = issuer('/coupons/issue', [200]);

export const options = build({
  scenarios: {
    s0: arrivals({
      stages: [
        { target: 0, seconds: 5 },
        { target: 2000, seconds: 5 },
        { target: 2000, seconds: 30 },
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
