// SPDX-License-Identifier: Apache-2.0
// s1: 100 virtual users for 10 seconds, each pausing 0.1 s, for 10 coupons. A closed model, as in
// its report.
import { sleep } from 'k6';
import { between, issuer } from './lib/compat.js';
import { options as build, users } from './lib/load.js';

export { handleSummary } from './lib/summary.js';

const issue = issuer('/api/coupons/issue', [200, 400]);

export const options = build({
  scenarios: { s1: users({ start: 100, stages: [{ target: 100, seconds: 10 }] }) },
  must: { http_req_failed: ['rate==0'], checks: ['rate==1'], coupons_error: ['count==0'] },
});

export default function () {
  issue({ userId: between(1, 100), templateId: 1 });
  sleep(0.1);
}
