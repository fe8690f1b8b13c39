// SPDX-License-Identifier: Apache-2.0
// Load plans with a report's rates and times. --scale and --smoke change them here, so the scripts
// need not know.
//
// The load is an open model, unless a scenario's report says otherwise: each request starts on
// schedule, not after the answer to the one before. So a slow answer hides no load. A request that
// k6 cannot start in time counts as a dropped iteration.
import { smoke, scale } from './setting.js';

const SMOKE_SECONDS = 2;
const SMOKE_RATE = 60; // requests a second at the highest point of a plan
const SMOKE_USERS = 5; // virtual users at the highest point of a plan of users

function total(stages) {
  return stages.reduce((sum, stage) => sum + stage.seconds, 0);
}

function highest(start, stages) {
  return stages.reduce((most, stage) => Math.max(most, stage.target), start);
}

// shrink: returns the same shape, a few seconds long.
function shrink(start, stages, most) {
  const time = SMOKE_SECONDS / total(stages);
  const size = Math.min(1, most / highest(start, stages));
  return {
    start: Math.ceil(start * size),
    stages: stages.map((stage) => ({
      target: Math.ceil(stage.target * size),
      duration: `${Math.max(1, Math.round(stage.seconds * time * 1000))}ms`,
    })),
  };
}

function grow(start, stages, factor) {
  return {
    start: Math.round(start * factor),
    stages: stages.map((stage) => ({
      target: Math.round(stage.target * factor),
      duration: `${stage.seconds}s`,
    })),
  };
}

// arrivals: stages of {target: requests per second, seconds}. vus: most requests in flight; when
// all are busy, an iteration is dropped and counted.
export function arrivals({ start = 0, stages, vus, exec, tags }) {
  const plan = smoke ? shrink(start, stages, SMOKE_RATE) : grow(start, stages, scale);
  const scenario = {
    executor: 'ramping-arrival-rate',
    startRate: plan.start,
    timeUnit: '1s',
    stages: plan.stages,
    preAllocatedVUs: smoke ? 20 : vus,
    maxVUs: smoke ? 20 : vus,
    gracefulStop: '30s',
  };
  return named(scenario, exec, tags);
}

// steady: a constant rate.
export function steady({ rate, seconds, vus, exec, tags }) {
  return arrivals({ start: rate, stages: [{ target: rate, seconds }], vus, exec, tags });
}

// users: a closed model, for reports that count virtual users. Each sends its next request after
// the answer to the one before. stages of {target: users, seconds}
export function users({ start = 0, stages, exec, tags }) {
  const plan = smoke ? shrink(start, stages, SMOKE_USERS) : grow(start, stages, 1);
  const scenario = {
    executor: 'ramping-vus', startVUs: plan.start, stages: plan.stages, gracefulStop: '30s',
  };
  return named(scenario, exec, tags);
}

function named(scenario, exec, tags) {
  if (exec) {
    scenario.exec = exec;
  }
  if (tags) {
    scenario.tags = tags;
  }
  return scenario;
}

// options: a script's options. must: thresholds that hold at any speed. fast: thresholds about
// time, which a smoke run ignores. If a threshold fails, k6 exits with 99.
export function options({ scenarios, must = {}, fast = {} }) {
  const thresholds = {};
  for (const limits of smoke ? [must] : [must, fast]) {
    for (const [metric, expressions] of Object.entries(limits)) {
      thresholds[metric] = (thresholds[metric] || []).concat(expressions);
    }
  }
  // These never fail: k6 keeps a tag's figures separate only if a threshold refers to it.
  for (const outcome of ['queued', 'granted', 'sold_out', 'already', 'limited']) {
    thresholds[`issue_latency{outcome:${outcome}}`] = ['max>=0'];
  }
  return {
    scenarios,
    thresholds,
    summaryTrendStats: ['avg', 'min', 'med', 'p(90)', 'p(95)', 'p(99)', 'max'],
    // Fewer tags mean less work for k6, which shares the machine with what it measures.
    systemTags: [
      'status', 'method', 'name', 'scenario', 'check', 'error_code', 'expected_response',
    ],
  };
}
