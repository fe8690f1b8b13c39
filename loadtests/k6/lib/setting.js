// SPDX-License-Identifier: Apache-2.0
// What loadtests/run tells a script through the environment. A script may also be run by hand:
//   k6 run -e ONRUSH_URL=http://127.0.0.1:8080 -e CAMPAIGN=noon loadtests/k6/normal.js

export const url = __ENV.ONRUSH_URL || 'http://127.0.0.1:8080';

// campaign: of the native API; the compatible routes have their campaign in the gateway's configuration.
export const campaign = __ENV.CAMPAIGN || 'loadtest';

// smoke: a few seconds and a few requests, to see that everything fits together. Nothing is fast or slow then.
export const smoke = __ENV.SMOKE === '1';

// scale: multiplies every rate, to find a limit.
export const scale = Number(__ENV.SCALE || 1);

// summaryFile: where the figures go as JSON.
export const summaryFile = __ENV.SUMMARY_FILE || '';

// userPrefix: users of one run differ from those of any other, so that a second run against the same campaign is new load.
export const userPrefix = __ENV.USER_PREFIX || 'u-';
