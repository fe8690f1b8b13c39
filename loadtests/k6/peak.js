// SPDX-License-Identifier: Apache-2.0
// peak: an event opens. From nothing to 2,500 requests a second in two seconds, a minute of that, and people go.
// There are fewer coupons than users. One request in five is an impatient user who presses the button again.
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
