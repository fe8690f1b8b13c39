// SPDX-License-Identifier: Apache-2.0
// Onrush's own API (docs/protocol.md).
import http from 'k6/http';
import { check } from 'k6';
import { url, campaign, userPrefix } from './setting.js';
import { answer, record } from './outcomes.js';

// "Sold out" and "come back later" are not failures of HTTP.
http.setResponseCallback(http.expectedStatuses(200, 202, 409, 429));

const params = {
  headers: { 'Content-Type': 'application/json' },
  tags: { name: 'request a coupon' },
};
const endpoint = `${url}/v1/campaigns/${campaign}/requests`;

// outcomeOf: repeated: this user has asked before. The API answers a repeat like the first request,
// so only the script knows.
function outcomeOf(response, repeated) {
  switch (response.status) {
    case 200:
      return repeated ? 'already' : 'granted';
    case 202:
      return repeated ? 'already' : 'queued';
    case 409:
      return answer(response).code === 'SOLD_OUT' ? 'sold_out' : 'error';
    case 429:
      return 'limited';
    default:
      return 'error';
  }
}

// ask: sends a request of user number n.
export function ask(n, repeated = false) {
  const response = http.post(endpoint, JSON.stringify({ user_id: `${userPrefix}${n}` }), params);
  const outcome = outcomeOf(response, repeated);
  record(response, outcome);
  check(response, { 'a final answer or a place in the queue': () => outcome !== 'error' });
  return response;
}
