// SPDX-License-Identifier: Apache-2.0
// TLS alerts in the words of Go's crypto/tls.
#ifndef NET_TLS_ALERT_H_
#define NET_TLS_ALERT_H_

#include <string>

#include "absl/status/status.h"

namespace fairway::net {

// "bad certificate", or "alert(200)" for a number without a name.
std::string AlertText(int alert);

// "remote error: tls: bad certificate": kUnauthenticated if the alert is about
// a certificate, else kUnavailable.
absl::Status RemoteAlert(int alert);

}  // namespace fairway::net

#endif  // NET_TLS_ALERT_H_
