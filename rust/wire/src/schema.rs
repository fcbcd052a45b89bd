//! Every message of OTLP as data: numbers, JSON names, kinds and presence of all fields.
//!
//! The hot paths (check, index) know their few fields by heart; whatever must know all of them
//! (JSON, repair, digest) is driven by this one table. `tests/core/test_schema.py` holds it equal
//! to the descriptors of the `opentelemetry-proto` package.

use crate::Signal;

/// A field's type. `TraceId` and `SpanId` are `bytes` that OTLP/JSON writes in hex.
#[derive(Clone, Copy)]
pub enum Kind {
    Bool,
    I32,
    U32,
    S32,
    I64,
    U64,
    Fixed32,
    Fixed64,
    SFixed64,
    Double,
    Str,
    Bytes,
    TraceId,
    SpanId,
    /// Names by number; all OTLP enums count up from 0, and unknown numbers are kept.
    Enum(&'static [&'static str]),
    Message(&'static Message),
}

/// Whether and how a field's absence can be told from its default.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It can't: the default is not written.
    Implicit,
    /// It can: `optional` scalars and singular messages.
    Explicit,
    /// Like `Explicit`, and the last one written wins over the others; no message has two oneofs.
    Oneof,
    Repeated,
}

pub struct Field {
    pub number: u32,
    /// As in the .proto file.
    pub name: &'static str,
    pub json: &'static str,
    pub presence: Presence,
    pub kind: Kind,
}

pub struct Message {
    /// The full name without `opentelemetry.proto.`.
    pub name: &'static str,
    pub fields: &'static [Field],
    /// Index into `fields` by field number.
    index: [u8; MAX_NUMBER + 1],
}

/// The highest field number of all messages.
pub const MAX_NUMBER: usize = 16;
const NONE: u8 = u8::MAX;

impl Message {
    const fn new(name: &'static str, fields: &'static [Field]) -> Message {
        let mut index = [NONE; MAX_NUMBER + 1];
        let mut i = 0;
        while i < fields.len() {
            index[fields[i].number as usize] = i as u8;
            i += 1;
        }
        Message { name, fields, index }
    }

    /// The index in `fields` of the field with this number.
    pub fn index_of(&self, number: u32) -> Option<usize> {
        match self.index.get(number as usize) {
            None | Some(&NONE) => None,
            Some(&i) => Some(i as usize),
        }
    }

    pub fn field(&self, number: u32) -> Option<&'static Field> {
        self.fields.get(self.index_of(number)?)
    }
}

/// The request of a signal's Export call.
pub fn request(signal: Signal) -> &'static Message {
    match signal {
        Signal::Traces => &EXPORT_TRACE_SERVICE_REQUEST,
        Signal::Metrics => &EXPORT_METRICS_SERVICE_REQUEST,
        Signal::Logs => &EXPORT_LOGS_SERVICE_REQUEST,
    }
}

/// The answer of a signal's Export call.
pub fn response(signal: Signal) -> &'static Message {
    match signal {
        Signal::Traces => &EXPORT_TRACE_SERVICE_RESPONSE,
        Signal::Metrics => &EXPORT_METRICS_SERVICE_RESPONSE,
        Signal::Logs => &EXPORT_LOGS_SERVICE_RESPONSE,
    }
}

macro_rules! messages {
    ($($id:ident $full:literal { $($number:literal $name:ident $json:ident $presence:ident $kind:expr;)* })*) => {$(
        pub static $id: Message = Message::new($full, &[$(Field {
            number: $number,
            name: stringify!($name),
            json: stringify!($json),
            presence: Presence::$presence,
            kind: $kind,
        }),*]);
    )*};
}

use Kind::*;

#[rustfmt::skip]
const SPAN_KIND: &[&str] = &[
    "SPAN_KIND_UNSPECIFIED", "SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER", "SPAN_KIND_CLIENT", "SPAN_KIND_PRODUCER",
    "SPAN_KIND_CONSUMER",
];
#[rustfmt::skip]
const STATUS_CODE: &[&str] = &[
    "STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR",
];
#[rustfmt::skip]
const AGGREGATION_TEMPORALITY: &[&str] = &[
    "AGGREGATION_TEMPORALITY_UNSPECIFIED", "AGGREGATION_TEMPORALITY_DELTA",
    "AGGREGATION_TEMPORALITY_CUMULATIVE",
];
#[rustfmt::skip]
const SEVERITY_NUMBER: &[&str] = &[
    "SEVERITY_NUMBER_UNSPECIFIED", "SEVERITY_NUMBER_TRACE", "SEVERITY_NUMBER_TRACE2", "SEVERITY_NUMBER_TRACE3",
    "SEVERITY_NUMBER_TRACE4", "SEVERITY_NUMBER_DEBUG", "SEVERITY_NUMBER_DEBUG2", "SEVERITY_NUMBER_DEBUG3",
    "SEVERITY_NUMBER_DEBUG4", "SEVERITY_NUMBER_INFO", "SEVERITY_NUMBER_INFO2", "SEVERITY_NUMBER_INFO3",
    "SEVERITY_NUMBER_INFO4", "SEVERITY_NUMBER_WARN", "SEVERITY_NUMBER_WARN2", "SEVERITY_NUMBER_WARN3",
    "SEVERITY_NUMBER_WARN4", "SEVERITY_NUMBER_ERROR", "SEVERITY_NUMBER_ERROR2", "SEVERITY_NUMBER_ERROR3",
    "SEVERITY_NUMBER_ERROR4", "SEVERITY_NUMBER_FATAL", "SEVERITY_NUMBER_FATAL2", "SEVERITY_NUMBER_FATAL3",
    "SEVERITY_NUMBER_FATAL4",
];

messages! {
    EXPORT_TRACE_SERVICE_REQUEST "collector.trace.v1.ExportTraceServiceRequest" {
        1 resource_spans resourceSpans Repeated Message(&RESOURCE_SPANS);
    }
    RESOURCE_SPANS "trace.v1.ResourceSpans" {
        1 resource resource Explicit Message(&RESOURCE);
        2 scope_spans scopeSpans Repeated Message(&SCOPE_SPANS);
        3 schema_url schemaUrl Implicit Str;
    }
    RESOURCE "resource.v1.Resource" {
        1 attributes attributes Repeated Message(&KEY_VALUE);
        2 dropped_attributes_count droppedAttributesCount Implicit U32;
        3 entity_refs entityRefs Repeated Message(&ENTITY_REF);
    }
    KEY_VALUE "common.v1.KeyValue" {
        1 key key Implicit Str;
        2 value value Explicit Message(&ANY_VALUE);
        3 key_strindex keyStrindex Implicit I32;
    }
    ANY_VALUE "common.v1.AnyValue" {
        1 string_value stringValue Oneof Str;
        2 bool_value boolValue Oneof Bool;
        3 int_value intValue Oneof I64;
        4 double_value doubleValue Oneof Double;
        5 array_value arrayValue Oneof Message(&ARRAY_VALUE);
        6 kvlist_value kvlistValue Oneof Message(&KEY_VALUE_LIST);
        7 bytes_value bytesValue Oneof Bytes;
        8 string_value_strindex stringValueStrindex Oneof I32;
    }
    ARRAY_VALUE "common.v1.ArrayValue" { 1 values values Repeated Message(&ANY_VALUE); }
    KEY_VALUE_LIST "common.v1.KeyValueList" { 1 values values Repeated Message(&KEY_VALUE); }
    ENTITY_REF "common.v1.EntityRef" {
        1 schema_url schemaUrl Implicit Str;
        2 type type Implicit Str;
        3 id_keys idKeys Repeated Str;
        4 description_keys descriptionKeys Repeated Str;
    }
    SCOPE_SPANS "trace.v1.ScopeSpans" {
        1 scope scope Explicit Message(&INSTRUMENTATION_SCOPE);
        2 spans spans Repeated Message(&SPAN);
        3 schema_url schemaUrl Implicit Str;
    }
    INSTRUMENTATION_SCOPE "common.v1.InstrumentationScope" {
        1 name name Implicit Str;
        2 version version Implicit Str;
        3 attributes attributes Repeated Message(&KEY_VALUE);
        4 dropped_attributes_count droppedAttributesCount Implicit U32;
    }
    SPAN "trace.v1.Span" {
        1 trace_id traceId Implicit TraceId;
        2 span_id spanId Implicit SpanId;
        3 trace_state traceState Implicit Str;
        4 parent_span_id parentSpanId Implicit SpanId;
        5 name name Implicit Str;
        6 kind kind Implicit Enum(SPAN_KIND);
        7 start_time_unix_nano startTimeUnixNano Implicit Fixed64;
        8 end_time_unix_nano endTimeUnixNano Implicit Fixed64;
        9 attributes attributes Repeated Message(&KEY_VALUE);
        10 dropped_attributes_count droppedAttributesCount Implicit U32;
        11 events events Repeated Message(&EVENT);
        12 dropped_events_count droppedEventsCount Implicit U32;
        13 links links Repeated Message(&LINK);
        14 dropped_links_count droppedLinksCount Implicit U32;
        15 status status Explicit Message(&STATUS);
        16 flags flags Implicit Fixed32;
    }
    EVENT "trace.v1.Span.Event" {
        1 time_unix_nano timeUnixNano Implicit Fixed64;
        2 name name Implicit Str;
        3 attributes attributes Repeated Message(&KEY_VALUE);
        4 dropped_attributes_count droppedAttributesCount Implicit U32;
    }
    LINK "trace.v1.Span.Link" {
        1 trace_id traceId Implicit TraceId;
        2 span_id spanId Implicit SpanId;
        3 trace_state traceState Implicit Str;
        4 attributes attributes Repeated Message(&KEY_VALUE);
        5 dropped_attributes_count droppedAttributesCount Implicit U32;
        6 flags flags Implicit Fixed32;
    }
    STATUS "trace.v1.Status" { 2 message message Implicit Str; 3 code code Implicit Enum(STATUS_CODE); }
    EXPORT_TRACE_SERVICE_RESPONSE "collector.trace.v1.ExportTraceServiceResponse" {
        1 partial_success partialSuccess Explicit Message(&EXPORT_TRACE_PARTIAL_SUCCESS);
    }
    EXPORT_TRACE_PARTIAL_SUCCESS "collector.trace.v1.ExportTracePartialSuccess" {
        1 rejected_spans rejectedSpans Implicit I64;
        2 error_message errorMessage Implicit Str;
    }
    EXPORT_METRICS_SERVICE_REQUEST "collector.metrics.v1.ExportMetricsServiceRequest" {
        1 resource_metrics resourceMetrics Repeated Message(&RESOURCE_METRICS);
    }
    RESOURCE_METRICS "metrics.v1.ResourceMetrics" {
        1 resource resource Explicit Message(&RESOURCE);
        2 scope_metrics scopeMetrics Repeated Message(&SCOPE_METRICS);
        3 schema_url schemaUrl Implicit Str;
    }
    SCOPE_METRICS "metrics.v1.ScopeMetrics" {
        1 scope scope Explicit Message(&INSTRUMENTATION_SCOPE);
        2 metrics metrics Repeated Message(&METRIC);
        3 schema_url schemaUrl Implicit Str;
    }
    METRIC "metrics.v1.Metric" {
        1 name name Implicit Str;
        2 description description Implicit Str;
        3 unit unit Implicit Str;
        5 gauge gauge Oneof Message(&GAUGE);
        7 sum sum Oneof Message(&SUM);
        9 histogram histogram Oneof Message(&HISTOGRAM);
        10 exponential_histogram exponentialHistogram Oneof Message(&EXPONENTIAL_HISTOGRAM);
        11 summary summary Oneof Message(&SUMMARY);
        12 metadata metadata Repeated Message(&KEY_VALUE);
    }
    GAUGE "metrics.v1.Gauge" { 1 data_points dataPoints Repeated Message(&NUMBER_DATA_POINT); }
    NUMBER_DATA_POINT "metrics.v1.NumberDataPoint" {
        2 start_time_unix_nano startTimeUnixNano Implicit Fixed64;
        3 time_unix_nano timeUnixNano Implicit Fixed64;
        4 as_double asDouble Oneof Double;
        5 exemplars exemplars Repeated Message(&EXEMPLAR);
        6 as_int asInt Oneof SFixed64;
        7 attributes attributes Repeated Message(&KEY_VALUE);
        8 flags flags Implicit U32;
    }
    EXEMPLAR "metrics.v1.Exemplar" {
        2 time_unix_nano timeUnixNano Implicit Fixed64;
        3 as_double asDouble Oneof Double;
        4 span_id spanId Implicit SpanId;
        5 trace_id traceId Implicit TraceId;
        6 as_int asInt Oneof SFixed64;
        7 filtered_attributes filteredAttributes Repeated Message(&KEY_VALUE);
    }
    SUM "metrics.v1.Sum" {
        1 data_points dataPoints Repeated Message(&NUMBER_DATA_POINT);
        2 aggregation_temporality aggregationTemporality Implicit Enum(AGGREGATION_TEMPORALITY);
        3 is_monotonic isMonotonic Implicit Bool;
    }
    HISTOGRAM "metrics.v1.Histogram" {
        1 data_points dataPoints Repeated Message(&HISTOGRAM_DATA_POINT);
        2 aggregation_temporality aggregationTemporality Implicit Enum(AGGREGATION_TEMPORALITY);
    }
    HISTOGRAM_DATA_POINT "metrics.v1.HistogramDataPoint" {
        2 start_time_unix_nano startTimeUnixNano Implicit Fixed64;
        3 time_unix_nano timeUnixNano Implicit Fixed64;
        4 count count Implicit Fixed64;
        5 sum sum Explicit Double;
        6 bucket_counts bucketCounts Repeated Fixed64;
        7 explicit_bounds explicitBounds Repeated Double;
        8 exemplars exemplars Repeated Message(&EXEMPLAR);
        9 attributes attributes Repeated Message(&KEY_VALUE);
        10 flags flags Implicit U32;
        11 min min Explicit Double;
        12 max max Explicit Double;
    }
    EXPONENTIAL_HISTOGRAM "metrics.v1.ExponentialHistogram" {
        1 data_points dataPoints Repeated Message(&EXPONENTIAL_HISTOGRAM_DATA_POINT);
        2 aggregation_temporality aggregationTemporality Implicit Enum(AGGREGATION_TEMPORALITY);
    }
    EXPONENTIAL_HISTOGRAM_DATA_POINT "metrics.v1.ExponentialHistogramDataPoint" {
        1 attributes attributes Repeated Message(&KEY_VALUE);
        2 start_time_unix_nano startTimeUnixNano Implicit Fixed64;
        3 time_unix_nano timeUnixNano Implicit Fixed64;
        4 count count Implicit Fixed64;
        5 sum sum Explicit Double;
        6 scale scale Implicit S32;
        7 zero_count zeroCount Implicit Fixed64;
        8 positive positive Explicit Message(&BUCKETS);
        9 negative negative Explicit Message(&BUCKETS);
        10 flags flags Implicit U32;
        11 exemplars exemplars Repeated Message(&EXEMPLAR);
        12 min min Explicit Double;
        13 max max Explicit Double;
        14 zero_threshold zeroThreshold Implicit Double;
    }
    BUCKETS "metrics.v1.ExponentialHistogramDataPoint.Buckets" {
        1 offset offset Implicit S32;
        2 bucket_counts bucketCounts Repeated U64;
    }
    SUMMARY "metrics.v1.Summary" { 1 data_points dataPoints Repeated Message(&SUMMARY_DATA_POINT); }
    SUMMARY_DATA_POINT "metrics.v1.SummaryDataPoint" {
        2 start_time_unix_nano startTimeUnixNano Implicit Fixed64;
        3 time_unix_nano timeUnixNano Implicit Fixed64;
        4 count count Implicit Fixed64;
        5 sum sum Implicit Double;
        6 quantile_values quantileValues Repeated Message(&VALUE_AT_QUANTILE);
        7 attributes attributes Repeated Message(&KEY_VALUE);
        8 flags flags Implicit U32;
    }
    VALUE_AT_QUANTILE "metrics.v1.SummaryDataPoint.ValueAtQuantile" {
        1 quantile quantile Implicit Double;
        2 value value Implicit Double;
    }
    EXPORT_METRICS_SERVICE_RESPONSE "collector.metrics.v1.ExportMetricsServiceResponse" {
        1 partial_success partialSuccess Explicit Message(&EXPORT_METRICS_PARTIAL_SUCCESS);
    }
    EXPORT_METRICS_PARTIAL_SUCCESS "collector.metrics.v1.ExportMetricsPartialSuccess" {
        1 rejected_data_points rejectedDataPoints Implicit I64;
        2 error_message errorMessage Implicit Str;
    }
    EXPORT_LOGS_SERVICE_REQUEST "collector.logs.v1.ExportLogsServiceRequest" {
        1 resource_logs resourceLogs Repeated Message(&RESOURCE_LOGS);
    }
    RESOURCE_LOGS "logs.v1.ResourceLogs" {
        1 resource resource Explicit Message(&RESOURCE);
        2 scope_logs scopeLogs Repeated Message(&SCOPE_LOGS);
        3 schema_url schemaUrl Implicit Str;
    }
    SCOPE_LOGS "logs.v1.ScopeLogs" {
        1 scope scope Explicit Message(&INSTRUMENTATION_SCOPE);
        2 log_records logRecords Repeated Message(&LOG_RECORD);
        3 schema_url schemaUrl Implicit Str;
    }
    LOG_RECORD "logs.v1.LogRecord" {
        1 time_unix_nano timeUnixNano Implicit Fixed64;
        2 severity_number severityNumber Implicit Enum(SEVERITY_NUMBER);
        3 severity_text severityText Implicit Str;
        5 body body Explicit Message(&ANY_VALUE);
        6 attributes attributes Repeated Message(&KEY_VALUE);
        7 dropped_attributes_count droppedAttributesCount Implicit U32;
        8 flags flags Implicit Fixed32;
        9 trace_id traceId Implicit TraceId;
        10 span_id spanId Implicit SpanId;
        11 observed_time_unix_nano observedTimeUnixNano Implicit Fixed64;
        12 event_name eventName Implicit Str;
    }
    EXPORT_LOGS_SERVICE_RESPONSE "collector.logs.v1.ExportLogsServiceResponse" {
        1 partial_success partialSuccess Explicit Message(&EXPORT_LOGS_PARTIAL_SUCCESS);
    }
    EXPORT_LOGS_PARTIAL_SUCCESS "collector.logs.v1.ExportLogsPartialSuccess" {
        1 rejected_log_records rejectedLogRecords Implicit I64;
        2 error_message errorMessage Implicit Str;
    }
}
