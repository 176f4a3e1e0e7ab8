"""Grafana's dashboards as Python; what Grafana reads is in k8s/base/dashboards."""
