// SPDX-License-Identifier: Apache-2.0
// The outcome of a request in business terms, apart from whether HTTP worked: "sold out" is a good
// answer.
import { Counter, Rate, Trend } from 'k6/metrics';

const counters = {
  queued: new Counter('coupons_queued'), // accepted; decided later
  granted: new Counter('coupons_granted'), // this answer gives a coupon
  sold_out: new Counter('coupons_sold_out'),
  already: new Counter('coupons_already'), // a repeat of a user who is in already
  limited: new Counter('coupons_limited'), // 429
  error: new Counter('coupons_error'), // everything else
};

// The first report uses these names.
const latency = new Trend('issue_latency', true);
const errorRate = new Rate('issue_error_rate');

// record: counts an answer and tags each sample with its outcome.
export function record(response, outcome) {
  const tags = { outcome };
  counters[outcome].add(1, tags);
  latency.add(response.timings.duration, tags);
  errorRate.add(outcome === 'error');
}

// answer: returns the body as an object, or {} if it is not JSON.
export function answer(response) {
  try {
    return response.json() || {};
  } catch (error) {
    return {};
  }
}
