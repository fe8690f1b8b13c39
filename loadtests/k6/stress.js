// SPDX-License-Identifier: Apache-2.0
// stress: finds the limit. The rate rises every 15 seconds. The report's plots show the step at
// which latency rises or dropped iterations begin: there Onrush or k6 itself is at its limit
// (docs/load-testing.md tells which).
import exec from 'k6/execution';
import { ask } from './lib/native.js';
import { arrivals, options as build } from './lib/load.js';

export { handleSummary } from './lib/summary.js';

const steps = [1000, 2000, 3000, 4000, 5000, 6000];

export const options = build({
  scenarios: {
    stress: arrivals({
      stages: steps.flatMap((target) => [
        { target, seconds: 1 },
        { target, seconds: 14 },
      ]),
      vus: 3000,
    }),
  },
  // Slow answers are expected here; wrong ones are not.
  must: { http_req_failed: ['rate<0.01'], issue_error_rate: ['rate<0.01'] },
});

export default function () {
  ask(exec.scenario.iterationInTest);
}
