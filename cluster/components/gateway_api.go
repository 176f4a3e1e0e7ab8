//go:build tools

package main

// The Gateway API's resource definitions are files of its module, which go.mod keeps for this.
import _ "sigs.k8s.io/gateway-api/apis/v1"
