// SPDX-License-Identifier: Apache-2.0
// Load as plans: rates and times as a report gives them. --scale and --smoke change them here, so no script knows of either.
//
// All but the scenarios whose report says otherwise are an open model: requests start when the plan says so, not when the
// request before is answered. So a slow answer hides no load; what k6 could not start in time is counted as a dropped iteration.
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

// shrink: the same shape in a few seconds.
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

// arrivals: stages of {target: requests a second, seconds}. vus: how many requests may be under way at once; when all
// are, an iteration is dropped, and counted.
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

// steady: one rate for some seconds.
export function steady({ rate, seconds, vus, exec, tags }) {
  return arrivals({ start: rate, stages: [{ target: rate, seconds }], vus, exec, tags });
}

// users: a closed model, for reports that count virtual users: each sends its next request when the one before is answered.
// stages of {target: users, seconds}
export function users({ start = 0, stages, exec, tags }) {
  const plan = smoke ? shrink(start, stages, SMOKE_USERS) : grow(start, stages, 1);
  const scenario = { executor: 'ramping-vus', startVUs: plan.start, stages: plan.stages, gracefulStop: '30s' };
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

// options: of a script. must: thresholds that hold at any speed. fast: thresholds about time, which mean nothing in a smoke run.
// A threshold that is crossed makes k6 exit with 99.
export function options({ scenarios, must = {}, fast = {} }) {
  const thresholds = {};
  for (const limits of smoke ? [must] : [must, fast]) {
    for (const [metric, expressions] of Object.entries(limits)) {
      thresholds[metric] = (thresholds[metric] || []).concat(expressions);
    }
  }
  // Never crossed: k6 keeps the figures of a tag apart only where a threshold asks for them.
  for (const outcome of ['queued', 'granted', 'sold_out', 'already', 'limited']) {
    thresholds[`issue_latency{outcome:${outcome}}`] = ['max>=0'];
  }
  return {
    scenarios,
    thresholds,
    summaryTrendStats: ['avg', 'min', 'med', 'p(90)', 'p(95)', 'p(99)', 'max'],
    // Fewer tags, less work for k6: it shares the machine with what it measures.
    systemTags: ['status', 'method', 'name', 'scenario', 'check', 'error_code', 'expected_response'],
  };
}
