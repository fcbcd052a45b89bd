"""Component types of the Collector and its contrib distribution, so that a missing one is not called a typo.

Types as listed in the two projects' component inventories (versions 0.155 to 0.165), without underscores, because
several have been renamed between the two spellings.
"""

from ..component import Kind

_TYPES: dict[Kind, str] = {
    Kind.RECEIVER: """
        activedirectoryds aerospike apache apachespark awscloudwatch awscontainerinsightreceiver awsecscontainermetrics
        awsfirehose awslambda awss3 awsxray azureblob azureeventhub azuremonitor bigip carbon chrony cloudflare
        cloudfoundry collectd couchdb datadog dockerstats elasticsearch envoyals expvar faro filelog filestats
        flinkmetrics fluentforward githubreceiver github gitlab googlecloudmonitoring googlecloudpubsub
        googlecloudspanner haproxy hostmetrics httpcheck huaweicloudces icmpcheck iis influxdb jaeger jmx journald
        k8scluster k8sevents k8slog k8sobjects kafka kafkametrics kubeletstats libhoneyevent loki memcached mongodb
        mongodbatlas mysql namedpipe netflow nginx nop nsxt ntp opencensus oracledb osquery otelarrow otlp
        otlpjsonfile podman postgresql pprof prometheus prometheusremotewrite pulsar purefa purefb rabbitmq
        receivercreator redfish redis riak saphana signalfx simpleprometheus skywalking snmp snowflake solace splunkhec
        splunkenterprise sqlquery sqlserver sshcheck statsd stef syslog systemd tcpcheck tcplog tlscheck udplog vcenter
        wavefront webhookevent windowseventlog windowsperfcounters windowsservice yanggrpc zipkin zookeeper
    """,
    Kind.PROCESSOR: """
        attributes batch coralogix cumulativetodelta datadog datadogsemantics deltatocumulative deltatorate dnslookup
        experimentalmetricsgeneration filter geoip groupbyattrs groupbytrace interval isolationforest k8sattributes
        logdedup logstransform lookup memorylimiter metricsgeneration metricstarttime metricstransform
        probabilisticsampler queuedretry redaction remotetap resource resourcedetection routing schema servicegraph
        span spanmetrics spanpruning sumologic tailsampling transform unroll
    """,
    Kind.CONNECTOR: """
        count datadog exceptions failover forward grafanacloud metricsaslogs otlpjson roundrobin routing servicegraph
        signaltometrics slowsql spanmetrics sum
    """,
    Kind.EXPORTER: """
        alertmanager alibabacloudlogservice awscloudwatchlogs awsemf awskinesis awss3 awsxray azureblob
        azuredataexplorer azuremonitor bmchelix carbon cassandra clickhouse coralogix datadog datasettrace dataset debug
        doris dynatrace elasticsearch faro file googlecloud googlecloudpubsub googlecloudstorage
        googlemanagedprometheus honeycombmarker influxdb instana jaeger kafka kineticadb loadbalancing logging
        logicmonitor logzio loki mezmo nop opencensus opensearch otelarrow otlp otlpgrpc otlphttp prometheus
        prometheusremotewrite pulsar rabbitmq sapm sematext sentry signalfx splunkhec stef sumologic syslog
        tencentcloudlogservice tinybird zipkin
    """,
    Kind.EXTENSION: """
        ackextension ack asapclient avrologencoding awscloudwatchmetricstreamsencoding awslogsencoding awsproxy
        azureauth azureencoding basicauth bearertokenauth cfgardenobserver cgroupruntime datadog dbstorage
        dockerobserver ecsobserver ecstaskobserver encoding filestorage googleclientauth googlecloudlogentryencoding
        headerssetter healthcheck healthcheckv2 hostobserver httpforwarder jaegerencoding jaegerremotesampling
        jsonlogencoding k8sleaderelector k8sobserver kafkatopicsobserver memoryballast memorylimiter oauth2client oidc
        opamp opampcustommessages otlpencoding pprof redisstorage remotetap sigv4auth skywalkingencoding
        solarwindsapmsettings sumologic textencoding xrayencoding zipkinencoding zpages
    """,
}
_KNOWN = {kind: frozenset(text.split()) for kind, text in _TYPES.items()}


def in_collector(kind: Kind, type_: str) -> bool:
    """Whether the Collector has or had a component of this type, in either spelling."""
    return type_.replace("_", "").lower() in _KNOWN[kind]
