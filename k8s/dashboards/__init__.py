"""Grafana's dashboards as Python; the generated files are in k8s/base/dashboards."""
