// SPDX-License-Identifier: Apache-2.0
// At the end, writes k6's figures to a file for loadtests/run, or as JSON to the terminal.
import { summaryFile } from './setting.js';

export function handleSummary(data) {
  return { [summaryFile || 'stdout']: JSON.stringify(data) };
}
