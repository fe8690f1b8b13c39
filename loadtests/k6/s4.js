// SPDX-License-Identifier: Apache-2.0
// s4: 8,668 requests for half as many coupons, each from a new user. The report does not say in
// what time; here it is 12 seconds: a rise to 867/s in two seconds, eight seconds at that rate, a
// fall in two.
import exec from 'k6/execution';
import { issuer } from './lib/compat.js';
import { arrivals, options as build } from './lib/load.js';

export { handleSummary } from './lib/summary.js';

const issue = issuer('/api/events/1/coupons', [200, 202, 409]);

export const options = build({
  scenarios: {
    s4: arrivals({
      stages: [
        { target: 867, seconds: 2 },
        { target: 867, seconds: 8 },
        { target: 0, seconds: 2 },
      ],
      vus: 1000,
    }),
  },
  must: { http_req_failed: ['rate==0'], checks: ['rate==1'] },
  fast: { dropped_iterations: ['count==0'] },
});

export default function () {
  issue({ userId: exec.scenario.iterationInTest });
}
