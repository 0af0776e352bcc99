/** Charts as SVG text, drawn by echarts without a browser. */
import { type EChartsOption, init } from "echarts";

export const COLORS = { truth: "#111827", network: "#2563eb", second: "#d97706", quiet: "#9ca3af", third: "#059669" };

export type Point = readonly [number | string, number];

export interface Line {
  name: string;
  points: readonly Point[];
  color: string;
  width?: number;
  dashed?: boolean;
  /** Marks at the points; alone where the width is 0. */
  dots?: boolean;
}

export interface LineChart {
  lines: readonly Line[];
  x: string;
  y: string;
  /** `log`: powers of ten. */
  scale?: "value" | "log";
  dates?: boolean;
  max?: number;
  width?: number;
  height?: number;
}

const TEXT = { fontFamily: "system-ui, sans-serif", color: "#374151" };

/** The library measures text by a narrower font than most readers have: hence the gap. */
const LEGEND = { top: 4, left: 30, itemWidth: 16, itemHeight: 8, itemGap: 14, textStyle: { ...TEXT, fontSize: 11 } };

/** Whole steps of decades; the library alone leaves up to half of a logarithmic axis empty. */
function logExtent(values: readonly number[]): { min: number; max: number; interval: number } {
  const [low, high] = [Math.log10(Math.min(...values)), Math.log10(Math.max(...values))];
  const interval = [1, 2, 3, 5].find((n) => (high - low) / n <= 6) ?? 10;
  return { min: 10 ** (interval * Math.floor(low / interval)), max: 10 ** Math.ceil(high), interval };
}

/** Very small and large numbers as powers of ten. */
function tick(value: number): string {
  if (value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e6)) return `1e${Math.round(Math.log10(value))}`;
  return value.toLocaleString("en");
}

export function lineChart(chart: LineChart): string {
  const { lines, x, y, scale = "value", dates, max, width = 520, height = 320 } = chart;
  const values = lines.flatMap(({ points }) => points.map(([, value]) => value));
  const decades = scale === "log" ? logExtent(values) : undefined;
  return svg(width, height, {
    grid: { left: 64, right: 28, top: 44, bottom: x ? 52 : 28 },
    legend: LEGEND,
    xAxis: {
      type: dates ? "time" : "value",
      name: x,
      nameLocation: "middle",
      nameGap: 30,
      nameTextStyle: TEXT,
      splitLine: { show: false },
      axisLine: { onZero: false },
      axisLabel: { ...TEXT, hideOverlap: true, ...(dates && { formatter: "{d} {MMM}" }) },
      ...(!dates && { min: "dataMin", max: "dataMax" }),
    },
    yAxis: {
      type: scale,
      name: y,
      nameLocation: "middle",
      nameGap: 46,
      nameTextStyle: TEXT,
      scale: true,
      axisLine: { onZero: false },
      axisLabel: { ...TEXT, formatter: tick },
      splitLine: { lineStyle: { color: "#eef0f3" } },
      ...decades,
      ...(max !== undefined && { max }),
    },
    series: lines.map(({ name, points, color, width = 1.8, dashed, dots }) => ({
      type: "line",
      name,
      data: points.map((p) => [...p]),
      showSymbol: dots ?? false,
      symbol: dots ? "circle" : "none",
      symbolSize: width === 0 ? 4 : 7,
      color,
      lineStyle: { color, width, type: dashed ? "dashed" : "solid" },
    })),
  });
}

export interface Bars {
  names: readonly string[];
  groups: readonly { name: string; values: readonly number[]; color: string }[];
  x: string;
  width?: number;
  height?: number;
}

/** Bars from left to right, the first name on top. */
export function barChart({ names, groups, x, width = 520, height = 320 }: Bars): string {
  return svg(width, height, {
    grid: { left: 210, right: 56, top: 34, bottom: 46 },
    legend: { ...LEGEND, left: 200 },
    xAxis: {
      type: "value",
      name: x,
      nameLocation: "middle",
      nameGap: 28,
      nameTextStyle: TEXT,
      axisLabel: { ...TEXT, formatter: tick },
      splitLine: { lineStyle: { color: "#eef0f3" } },
    },
    yAxis: { type: "category", data: [...names], inverse: true, axisTick: { show: false }, axisLabel: TEXT },
    series: groups.map(({ name, values, color }) => ({
      type: "bar",
      name,
      data: [...values],
      color,
      barGap: "10%",
      label: {
        show: true,
        position: "right",
        ...TEXT,
        fontSize: 11,
        formatter: ({ value }) => Number(value).toFixed(0),
      },
    })),
  });
}

function svg(width: number, height: number, option: EChartsOption): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, width, height });
  chart.setOption({ animation: false, textStyle: TEXT, ...option });
  const drawn = chart.renderToSVGString();
  chart.dispose();
  return drawn;
}

/** Drawings side by side in one, on white; the title is for those who cannot see it. */
export function sideBySide(title: string, drawings: readonly string[], width = 520, height = 320): string {
  const placed = drawings.map((drawing, i) => drawing.replace("<svg ", `<svg x="${i * width}" `));
  const [w, h] = [drawings.length * width, height];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}">
<title>${title}</title>
<rect width="${w}" height="${h}" fill="#fff"/>
${placed.join("\n")}
</svg>
`;
}
