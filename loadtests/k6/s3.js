// SPDX-License-Identifier: Apache-2.0
// s3: up to 500 virtual users with one request per second each, every time a new user. A closed
// model, as in its report.
import exec from 'k6/execution';
import { sleep } from 'k6';
import { issuer } from './lib/compat.js';
import { options as build, users } from './lib/load.js';

export { handleSummary } from './lib/summary.js';

const issue = issuer('/coupon/issue', [200]);

export const options = build({
  scenarios: {
    s3: users({
      stages: [
        { target: 10, seconds: 60 },
        { target: 100, seconds: 30 },
        { target: 500, seconds: 120 },
        { target: 100, seconds: 30 },
        { target: 0, seconds: 60 },
      ],
    }),
  },
  must: { http_req_failed: ['rate==0'], checks: ['rate==1'] },
});

export default function () {
  const response = issue({ userId: exec.scenario.iterationInTest });
  sleep(Math.max(0, 1 - response.timings.duration / 1000));
}
