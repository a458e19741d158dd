// SPDX-License-Identifier: Apache-2.0
// Mirrors: NewCmdGet of k8s.io/kubectl/pkg/cmd/get/get.go (v0.20.2)
#include "client/cmd/get_command.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client/cmd/get.h"

namespace fairway::cmd {

Command NewCmdGet() {
  auto flags = std::make_shared<GetOptions>();
  Command command;
  command.name = "get";
  command.group = "Basic Commands (Intermediate):";
  command.short_help = "Display one or many resources";
  command.long_help =
      "Display one or many resources.\n\n"
      " Known types are pods, nodes, namespaces, services, endpoints,\n"
      " replicationcontrollers, deployments, replicasets, statefulsets,\n"
      " daemonsets and jobs, by any of their short names too. The server says\n"
      " what columns they have.";
  command.example =
      "  # List all pods\n"
      "  kubectl get pods\n"
      "  \n"
      "  # List all pods with their addresses and nodes\n"
      "  kubectl get pods -o wide\n"
      "  \n"
      "  # List the deployments of all namespaces\n"
      "  kubectl get deploy -A\n"
      "  \n"
      "  # Show one pod as JSON\n"
      "  kubectl get -o json pod web-pod-13je7";
  command.use =
      "get [(-o|--output=)json|yaml|wide|name] (TYPE [NAME...] | "
      "TYPE/NAME...) [options]";
  command.flags = {
      StringFlag("output", 'o', &flags->output,
                 "Output format. One of: json|yaml|wide|name"),
      BoolFlag("all-namespaces", 'A', &flags->all_namespaces,
               "If present, list the objects of all namespaces"),
      BoolFlag("no-headers", 0, &flags->no_headers,
               "Leave out a table's header"),
      BoolFlag("ignore-not-found", 0, &flags->ignore_not_found,
               "An object that does not exist is no failure"),
      StringFlag("selector", 'l', &flags->label_selector,
                 "Labels to select by (key1=value1,key2=value2)"),
      StringFlag("field-selector", 0, &flags->field_selector,
                 "Fields to select by (key1=value1,key2=value2)"),
  };
  command.run = [flags](Factory* factory, std::vector<std::string> args) {
    return RunGet(factory, *flags, std::move(args));
  };
  return command;
}

}  // namespace fairway::cmd
