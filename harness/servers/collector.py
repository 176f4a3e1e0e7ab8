"""Where the system sends its traces."""

from typing import NamedTuple


class Collector(NamedTuple):
    """A collector of traces at `url`, which takes OTLP over HTTP.

    `share` of the requests without a traceparent are traced.
    """

    url: str
    share: float = 1.0

    @property
    def settings(self) -> dict[str, str]:
        """The settings of services that send their traces there."""
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.url,
            "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
            "OTEL_TRACES_SAMPLER_ARG": str(self.share),
        }

    @property
    def traefik_config(self) -> dict[str, object]:
        """The same for Traefik."""
        endpoint = f"{self.url.rstrip('/')}/v1/traces"
        otlp = {"http": {"endpoint": endpoint}}
        return {"serviceName": "entry", "sampleRate": self.share, "otlp": otlp}
