// SPDX-License-Identifier: Apache-2.0
// `kubectl port-forward --ports-file`: which local ends lead where, for
// programs that wait for them.
//
//   {"pid": 4711, "forwards": [
//     {"name": "svc/web", "target": "svc/web", "namespace": "shop",
//      "listeners": [
//        {"localAddress": "127.0.0.1", "localPort": 8080, "remotePort": 80,
//         "pod": "web-1"},
//        {"unixPath": "/run/web.sock", "remotePort": 80, "pod": "web-1"}]},
//     {"name": "svc/gone", "target": "svc/gone", "namespace": "shop",
//      "listeners": [], "error": "..."}]}
#ifndef CLIENT_CMD_PORTFORWARD_PORTS_FILE_H_
#define CLIENT_CMD_PORTFORWARD_PORTS_FILE_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "client/tools/portforward/observer.h"

namespace fairway::cmd {

struct ForwardListeners {
  std::string name;
  std::string target;
  std::string namespace_;
  std::vector<portforward::LocalEnd> listeners;
  std::string error;  // why it has ended; empty: it has not
};

// What the file holds, with a newline at its end.
std::string PortsFileText(pid_t pid, absl::Span<const ForwardListeners> all);

// One such file. Its calls block for as long as a small file takes.
class PortsFile {
 public:
  // An empty path: there is none, and nothing is done.
  explicit PortsFile(std::string path) : path_(std::move(path)) {}
  ~PortsFile() { Remove(); }
  PortsFile(const PortsFile&) = delete;
  PortsFile& operator=(const PortsFile&) = delete;

  // Puts it there whole: whoever reads sees all of it or none, and what was
  // there before is replaced. Errors: "open /x/y: no such file or directory".
  absl::Status Write(const std::string& text);

  // Takes it away, unless somebody has put another in its place.
  void Remove();

 private:
  const std::string path_;
  bool written_ = false;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_PORTFORWARD_PORTS_FILE_H_
