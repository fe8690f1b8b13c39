// SPDX-License-Identifier: Apache-2.0
// Settings that loadtests/run passes in the environment. A script also runs by hand:
//   k6 run -e ONRUSH_URL=http://127.0.0.1:8080 -e CAMPAIGN=noon loadtests/k6/normal.js

export const url = __ENV.ONRUSH_URL || 'http://127.0.0.1:8080';

// campaign: for the native API; the gateway's configuration names the campaigns of the compatible
// routes.
export const campaign = __ENV.CAMPAIGN || 'loadtest';

// smoke: run a few requests in a few seconds, to see that everything works; timings mean nothing.
export const smoke = __ENV.SMOKE === '1';

// scale: multiplies every rate, to find a limit.
export const scale = Number(__ENV.SCALE || 1);

// summaryFile: gets the figures as JSON.
export const summaryFile = __ENV.SUMMARY_FILE || '';

// userPrefix: makes the users of each run unique, so that a second run on a campaign is new load.
export const userPrefix = __ENV.USER_PREFIX || 'u-';
