// SPDX-License-Identifier: Apache-2.0
// s2: three scenarios at once, as in its report: a trickle, a ramp to 1,000/s, steps up to 1,000/s.
//
// Only the number of VUs differs. A rate r with answers after t seconds needs r * t VUs. The
// report's script allowed too few for its server: k6 dropped 226,688 iterations and never offered
// the intended load. Here each scenario has 500.
import { between, issuer } from './lib/compat.js';
import { arrivals, options as build, steady } from './lib/load.js';

export { handleSummary } from './lib/summary.js';

const issue = issuer('/api/v1/coupons/issue', [200]);

export const options = build({
  scenarios: {
    constant: steady({ rate: 5, seconds: 300, vus: 50 }),
    ramping: arrivals({
      start: 10,
      stages: [
        { target: 1000, seconds: 60 },
        { target: 1000, seconds: 120 },
        { target: 0, seconds: 30 },
      ],
      vus: 500,
    }),
    // The report does not say how long each step lasts.
    stress: arrivals({
      start: 10,
      stages: [
        { target: 10, seconds: 60 },
        { target: 100, seconds: 60 },
        { target: 500, seconds: 60 },
        { target: 1000, seconds: 60 },
        { target: 10, seconds: 60 },
      ],
      vus: 500,
    }),
  },
  must: { http_req_failed: ['rate==0'], checks: ['rate==1'] },
  fast: { dropped_iterations: ['count==0'] },
});

export default function () {
  issue({ userId: between(0, 99999), couponCode: 'COUPON2025' });
}
