// SPDX-License-Identifier: Apache-2.0
// The coupon APIs of five public load-test reports, served by etc/routes-compat.cfg.
import http from 'k6/http';
import { check } from 'k6';
import { url } from './setting.js';
import { answer, record } from './outcomes.js';

// outcomeOf: reads the answers of etc/routes-compat.cfg. These routes answer before the decision,
// so only a repeat can get "issued".
function outcomeOf(response) {
  if (response.status === 429) {
    return 'limited';
  }
  const { status, result, code } = answer(response);
  switch (status || result || code) {
    case 'QUEUED':
    case 'WAITING':
      return 'queued';
    case 'ISSUED':
      return 'already';
    case 'SOLD_OUT':
    case 'COUPON_OUT_OF_STOCK':
      return 'sold_out';
    default:
      return 'error';
  }
}

// issuer: returns a function that sends a body to `path`. accepts: the statuses that the report's
// script expects.
export function issuer(path, accepts) {
  http.setResponseCallback(http.expectedStatuses(...accepts));
  const params = {
    headers: { 'Content-Type': 'application/json' },
    tags: { name: `POST ${path}` },
  };
  return (body) => {
    const response = http.post(`${url}${path}`, JSON.stringify(body), params);
    record(response, outcomeOf(response));
    check(response, { [`status is ${accepts.join(' or ')}`]: (r) => accepts.includes(r.status) });
    return response;
  };
}

// between: returns a random integer; both bounds are included.
export function between(low, high) {
  return low + Math.floor(Math.random() * (high - low + 1));
}
