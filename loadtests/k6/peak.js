// SPDX-License-Identifier: Apache-2.0
// peak: an event opens. The load rises from zero to 2,500 requests per second in two seconds, stays
// for a minute, and fades. There are fewer coupons than users. Every fifth request is an impatient
// user's repeat.
import exec from 'k6/execution';
import { ask } from './lib/native.js';
import { arrivals, options as build } from './lib/load.js';

export { handleSummary } from './lib/summary.js';

export const options = build({
  scenarios: {
    peak: arrivals({
      stages: [
        { target: 2500, seconds: 2 },
        { target: 2500, seconds: 60 },
        { target: 0, seconds: 10 },
      ],
      vus: 2000,
    }),
  },
  must: { http_req_failed: ['rate==0'], coupons_error: ['count==0'], coupons_already: ['count>0'] },
  fast: { http_req_duration: ['p(95)<50'], dropped_iterations: ['count==0'] },
});

export default function () {
  const n = exec.scenario.iterationInTest;
  ask(n);
  if (n % 5 === 4) {
    ask(n, true);
  }
}
