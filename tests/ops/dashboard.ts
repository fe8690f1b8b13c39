// SPDX-License-Identifier: Apache-2.0
// The form of our dashboards, by Grafana's published types of its JSON and panel options.
// tests/ops/check_dashboard_types appends a dashboard and lets the compiler compare.
import type { Dashboard, FieldConfig, Panel, VariableModel } from '@grafana/schema/dist/esm/raw/dashboard/x/Dashboard_types.gen';
import type { Options as Stat } from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type { FieldConfig as Line, Options as TimeSeries } from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';
import type * as units from '@grafana/grafana-foundation-sdk/units';

// JSON has an enumeration's values; the types have its names.
type Json<T> =
  T extends string ? `${T}` :
  T extends number ? (`${T}` extends `${infer N extends number}` ? N : never) :
  T extends (infer E)[] ? Json<E>[] :
  T extends object ? { [K in keyof T]: Json<T[K]> } : T;

// Grafana leaves this open ("any record"); we do not.
type Source = { type: 'prometheus'; uid: 'onrush-prometheus' };
type Target = { datasource: Source; refId: string; expr: string; legendFormat: string };
type Field<Custom> = Omit<FieldConfig, 'unit' | 'custom'> & { unit: (typeof units)[keyof typeof units]; custom?: Custom };
type PanelOf<Type, Options, Custom> = Omit<Panel, 'type' | 'datasource' | 'targets' | 'options' | 'fieldConfig'> & {
  type: Type;
  datasource: Source;
  targets: Target[];
  options: Partial<Options>;
  fieldConfig: { defaults: Field<Partial<Custom>>; overrides: never[] };
};
type Variable = Omit<VariableModel, 'query'> & { query: { query: string; refId: string }; definition: string };

type Board = Json<Omit<Dashboard, 'panels' | 'templating'> & {
  panels: (PanelOf<'stat', Stat, never> | PanelOf<'timeseries', TimeSeries, Line>)[];
  templating: { list: Variable[] };
}>;
