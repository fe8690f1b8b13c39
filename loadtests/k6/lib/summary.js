// SPDX-License-Identifier: Apache-2.0
// At the end k6's own figures go to a file, for loadtests/run; by hand they go to the terminal as JSON.
import { summaryFile } from './setting.js';

export function handleSummary(data) {
  return { [summaryFile || 'stdout']: JSON.stringify(data) };
}
