// All words of the pages: English, Korean.
const WORDS = {
  graph: ["Query", "쿼리"],
  traces: ["Traces", "트레이스"],
  targets: ["Targets", "수집 대상"],
  alerts: ["Alerts", "알림"],
  rules: ["Rules", "규칙"],
  cardinality: ["Cardinality", "카디널리티"],
  status: ["Status", "상태 정보"],
  runtime: ["Runtime", "실행 정보"],
  flags: ["Flags", "플래그"],
  configuration: ["Configuration", "설정"],
  switchLanguage: ["한국어", "English"],
  themeSystem: ["Theme: as the system", "테마: 시스템 설정"],
  themeLight: ["Theme: light", "테마: 밝게"],
  themeDark: ["Theme: dark", "테마: 어둡게"],
  queryLabel: ["PromQL query", "PromQL 쿼리"],
  queryHint: ["A metric or an expression. Enter runs it, Shift+Enter breaks the line.", "메트릭이나 식을 입력하세요. Enter로 실행, Shift+Enter로 줄바꿈."],
  run: ["Run", "실행"],
  format: ["Format", "다듬기"],
  explain: ["Explain", "실행 계획"],
  table: ["Table", "표"],
  chart: ["Graph", "그래프"],
  range: ["Time range", "시간 범위"],
  end: ["Until", "끝 시각"],
  now: ["now", "지금"],
  step: ["Step", "간격"],
  automatic: ["automatic", "자동"],
  exemplar: ["Exemplar", "Exemplar"],
  exemplars: ["Exemplars", "Exemplar 표시"],
  exemplarsOf: ["Traces behind this", "관련 트레이스"],
  noExemplars: ["No series of this query has exemplars at that time.", "이 시간대에 이 쿼리의 시계열에는 exemplar가 없습니다."],
  openTrace: ["open the trace", "트레이스 열기"],
  earlier: ["Earlier", "이전"],
  later: ["Later", "이후"],
  loading: ["Loading…", "불러오는 중…"],
  nothing: ["Nothing matches.", "일치하는 데이터가 없습니다."],
  series: ["Series", "시계열"],
  value: ["Value", "값"],
  took: ["{0} series, {1} samples read, {2} ms", "시계열 {0}개, 샘플 {1}개 읽음, {2} ms"],
  cost: ["would read {0} series and {1} samples", "시계열 {0}개와 샘플 {1}개를 읽게 됩니다"],
  more: ["{0} more", "{0}개 더"],
  warning: ["Warning", "경고"],
  info: ["Note", "참고"],
  failed: ["That did not work", "실패했습니다"],
  unreachable: ["The server does not answer.", "서버가 응답하지 않습니다."],
  noTargets: ["Nothing is scraped. `otelier --prometheus-config prometheus.yml` scrapes what the file names; metrics that come by OTLP or remote write need no target.", "수집 대상이 없습니다. `otelier --prometheus-config prometheus.yml`을 실행하면 파일에 적힌 대상을 수집합니다. OTLP나 remote write로 들어오는 메트릭에는 수집 대상이 필요 없습니다."],
  noMetrics: ["No metrics are stored yet. Send them by OTLP to port 4317 or 4318, for example with `otelier exec -- python app.py`, by remote write to /api/v1/write of this port, or let `otelier --prometheus-config prometheus.yml` scrape them.", "아직 저장된 메트릭이 없습니다. `otelier exec -- python app.py` 등으로 OTLP 4317·4318 포트에 보내거나, 이 포트의 /api/v1/write로 remote write하거나, `otelier --prometheus-config prometheus.yml`로 수집하세요."],
  someMetrics: ["Stored here:", "저장된 메트릭:"],
  noConfiguration: ["Nothing is scraped.", "수집 대상이 없습니다."],
  noRules: ["There are no rules.", "규칙이 없습니다."],
  noAlerts: ["There are no alerting rules.", "알림 규칙이 없습니다."],
  endpoint: ["Endpoint", "엔드포인트"],
  state: ["State", "상태"],
  labels: ["Labels", "레이블"],
  lastScrape: ["Last scrape", "마지막 수집"],
  duration: ["Took", "소요 시간"],
  error: ["Error", "오류"],
  up: ["up", "정상"],
  down: ["down", "실패"],
  unknown: ["unknown", "알 수 없음"],
  ok: ["ok", "정상"],
  err: ["error", "오류"],
  inactive: ["inactive", "비활성"],
  pending: ["pending", "대기"],
  firing: ["firing", "발생"],
  upOf: ["{0} of {1} up", "{1}개 중 {0}개 정상"],
  dropped: ["{0} dropped by relabelling", "재레이블링으로 제외된 대상 {0}개"],
  ago: ["{0} ago", "{0} 전"],
  never: ["never", "없음"],
  since: ["since {0}", "{0}부터"],
  every: ["every {0}", "{0}마다"],
  forAtLeast: ["for {0}", "{0} 동안"],
  evaluated: ["Evaluated", "평가 시각"],
  name: ["Name", "이름"],
  count: ["Count", "개수"],
  activeSeries: ["active series", "활성 시계열"],
  labelPairs: ["label pairs", "레이블 쌍"],
  byMetric: ["Metrics with most series", "시계열이 많은 메트릭"],
  byLabel: ["Labels with most values", "값이 많은 레이블"],
  byBytes: ["Labels whose values take most bytes", "값이 차지하는 바이트가 큰 레이블"],
  byPair: ["Pairs with most series", "시계열이 많은 쌍"],
  inMetric: ["Labels of {0}", "{0}의 레이블"],
  distinct: ["values", "값 개수"],
  examples: ["for example", "예"],
};

const stored = key => {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
};

export function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // A browser that keeps nothing forgets the choice, that is all.
  }
}

export const recalled = stored;
export const language = stored("language") ?? (navigator.language.toLowerCase().startsWith("ko") ? "ko" : "en");

/** The words, with `{0}` and so on filled in. */
export function t(key, ...parts) {
  const text = WORDS[key][language === "ko" ? 1 : 0];
  return text.replace(/\{(\d)\}/g, (_, number) => String(parts[Number(number)]));
}

/** A word of a state that may be one we don't know. */
export const word = key => (key in WORDS ? t(key) : key);
