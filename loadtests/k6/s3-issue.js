// SPDX-License-Identifier: Apache-2.0
// s3-issue: ten times the goal that s3's report did not verify: 3,500 coupons issued per second.
// The load offers 4,000 new users per second, with a coupon for each. The rate is counted from the
// rows in MariaDB, not from the answers here.
import exec from 'k6/execution';
import { issuer } from './lib/compat.js';
import { options as build, steady } from './lib/load.js';

export { handleSummary } from './lib/summary.js';

const issue = issuer('/coupon/issue', [200]);

export const options = build({
  scenarios: { s3_issue: steady({ rate: 4000, seconds: 30, vus: 2000 }) },
  must: { http_req_failed: ['rate==0'], checks: ['rate==1'] },
});

export default function () {
  issue({ userId: exec.scenario.iterationInTest });
}
