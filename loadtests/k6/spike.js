// SPDX-License-Identifier: Apache-2.0
// spike: a quiet load that twice, without warning, rises thirtyfold for ten seconds.
import exec from 'k6/execution';
import { ask } from './lib/native.js';
import { arrivals, options as build } from './lib/load.js';

export { handleSummary } from './lib/summary.js';

const quiet = 100;
const rush = 3000;

export const options = build({
  scenarios: {
    spike: arrivals({
      start: quiet,
      stages: [
        { target: quiet, seconds: 10 },
        { target: rush, seconds: 1 },
        { target: rush, seconds: 10 },
        { target: quiet, seconds: 1 },
        { target: quiet, seconds: 10 },
        { target: rush, seconds: 1 },
        { target: rush, seconds: 10 },
        { target: quiet, seconds: 1 },
        { target: quiet, seconds: 10 },
      ],
      vus: 2000,
    }),
  },
  must: { http_req_failed: ['rate==0'], coupons_error: ['count==0'] },
  fast: { http_req_duration: ['p(95)<50'], dropped_iterations: ['count==0'] },
});

export default function () {
  ask(exec.scenario.iterationInTest);
}
