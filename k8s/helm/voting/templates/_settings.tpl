{{- define "voting.settings.kafka-client" }}
{{- if .Values.components.managedKafka }}
{{- else if .Values.components.strimzi }}
KAFKA_BOOTSTRAP_SERVERS: voting-kafka-bootstrap:9092
{{- else }}
KAFKA_BOOTSTRAP_SERVERS: kafka-0.kafka:9092,kafka-1.kafka:9092,kafka-2.kafka:9092
{{- end }}
{{- if .Values.components.encryption }}
KAFKA_SECURITY_PROTOCOL: SASL_SSL
KAFKA_TLS_CA_FILE: /certificates/kafka/ca.crt
{{- end }}
{{- end }}
{{- define "voting.settings.kafka-topics" }}
{{- if .Values.components.encryption }}
KAFKA_GRANT_RIGHTS: 'true'
{{- end }}
KAFKA_TOPIC_PARTITIONS: '12'
KAFKA_TOPIC_REPLICAS: '3'
{{- end }}
{{- define "voting.settings.mongodb-client" }}
{{- if .Values.components.encryption }}
{{- else if .Values.components.managedMongodb }}
{{- else if .Values.components.standIns }}
MONGODB_URL: mongodb://mongodb
{{- else }}
MONGODB_URL: mongodb://mongodb-0.mongodb,mongodb-1.mongodb,mongodb-2.mongodb/?replicaSet=votes
{{- end }}
{{- end }}
{{- define "voting.settings.redis-client" }}
{{- if .Values.components.encryption }}
{{- else if .Values.components.managedRedis }}
{{- else }}
REDIS_URL: redis://redis:6379/0
{{- end }}
{{- end }}
{{- define "voting.settings.redis-reader" }}
{{- if .Values.components.encryption }}
{{- else if .Values.components.managedRedis }}
{{- else }}
REDIS_URL: redis://results@redis:6379/0
{{- end }}
{{- end }}
{{- define "voting.settings.svc-consumer" }}
LOG_LEVEL: info
{{- end }}
{{- define "voting.settings.svc-grpc-client" }}
GRPC_TARGET: dns:///svc-grpc-server:8003
{{- if .Values.components.encryption }}
GRPC_TLS_CA_FILE: /certificates/grpc/ca.crt
GRPC_TLS_CERTIFICATE_FILE: /certificates/grpc/tls.crt
GRPC_TLS_KEY_FILE: /certificates/grpc/tls.key
{{- end }}
LOG_LEVEL: info
{{- end }}
{{- define "voting.settings.svc-grpc-server" }}
{{- if .Values.components.encryption }}
GRPC_TLS_CA_FILE: /certificates/grpc/ca.crt
GRPC_TLS_CERTIFICATE_FILE: /certificates/grpc/tls.crt
GRPC_TLS_KEY_FILE: /certificates/grpc/tls.key
{{- end }}
{{- if .Values.components.grpcUnary }}
CALLS_PER_CONNECTION: '1000'
{{- end }}
LOG_LEVEL: info
{{- end }}
{{- define "voting.settings.svc-http-route" }}
LOG_LEVEL: info
{{- end }}
{{- define "voting.settings.svc-notary" }}
LOG_LEVEL: info
{{- end }}
{{- define "voting.settings.svc-polls" }}
LOG_LEVEL: info
WATCHED_SERVICES: svc_grpc_client=http://svc-grpc-client-pods:8001,svc_grpc_server=http://svc-grpc-server-pods:9003,svc_http_route=http://svc-http-route-pods:8002,svc_consumer=http://svc-consumer-pods:9004,svc_results=http://svc-results-pods:8005,svc_voters=http://svc-voters-pods:8007,svc_notary=http://svc-notary-pods:8008
{{- end }}
{{- define "voting.settings.svc-results" }}
LOG_LEVEL: info
TRUSTED_PROXIES: 10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,100.64.0.0/10,fc00::/7
{{- end }}
{{- define "voting.settings.svc-voters" }}
LOG_LEVEL: info
TRUSTED_PROXIES: 10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,100.64.0.0/10,fc00::/7
{{- end }}
{{- define "voting.settings.tracing" }}
{{- if .Values.components.tracing }}
OTEL_EXPORTER_OTLP_ENDPOINT: http://otel-collector.observability:4318
OTEL_TRACES_SAMPLER: parentbased_traceidratio
OTEL_TRACES_SAMPLER_ARG: '0.01'
{{- end }}
{{- end }}
