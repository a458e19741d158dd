// SPDX-License-Identifier: Apache-2.0
#include "apiserver/server.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "api/json.h"
#include "apiserver/registry/rest/json_path.h"
#include "apiserver/storage/sqlite/sqlite_store.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "net/http/server.h"
#include "net/http/transport.h"
#include "net/socket/socket.h"
#include "net/tls/certs.h"

namespace fairway::apiserver {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kPod[] = R"({"metadata":{"name":"p"},"spec":{"containers":[)"
                        R"({"name":"c","image":"i"}]}})";
constexpr char kPods[] = "/api/v1/namespaces/default/pods";

constexpr char kDeployments[] = "/apis/apps/v1/namespaces/default/deployments";

std::string DeploymentJson(const char* name, const char* tier) {
  return absl::StrCat(
      R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":")",
      name, R"(","labels":{"tier":")", tier,
      R"("}},"spec":{"selector":{"matchLabels":{"app":"a"}},"template":)",
      R"({"metadata":{"labels":{"app":"a"}},"spec":{"containers":[)",
      R"({"name":"c","image":"i"}]}}}})");
}

struct Answer {
  int status = 0;
  std::string body;
  Json json;
};

// A server over TLS on a port of its own, and clients of it.
class Rig {
 public:
  explicit Rig(Executor executor) : executor_(executor), tasks_(executor) {}
  ~Rig() {
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  }

  // `configure` may be null.
  absl::Status Start(const std::function<void(ServerConfig&)>& configure) {
    auto authority = net::CertificateAuthority::Make("test");
    if (!authority.ok()) return authority.status();
    ca_pem_ = (*authority)->cert_pem();
    net::CertificateRequest request;
    request.common_name = "admin";
    request.organizations = {"system:masters"};
    request.dns_names = {"localhost"};
    request.ip_addresses = {"127.0.0.1"};
    auto pair = (*authority)->Sign(request);
    if (!pair.ok()) return pair.status();
    certificate_ = *std::move(pair);

    std::string folder = absl::StrCat(::testing::TempDir(), "/apiXXXXXX");
    if (mkdtemp(folder.data()) == nullptr)
      return absl::InternalError("mkdtemp");
    folder_ = folder;
    storage::sqlite::SqliteOptions store;
    store.path = folder + "/store.db";
    auto opened = storage::sqlite::OpenSqliteStore(executor_, store);
    if (!opened.ok()) return opened.status();
    ServerConfig config;
    config.storage = *std::move(opened);
    std::vector<std::unique_ptr<authentication::Authenticator>> authenticators;
    authenticators.push_back(authentication::NewX509());
    config.authenticator = authentication::NewUnion(std::move(authenticators));
    config.authorizer = *authorization::NewAuthorizer({"AlwaysAllow"});
    config.kubelet.preferred_address_types = {"InternalIP"};
    config.kubelet.loopback = registry::node::LoopbackKubelets::kAllowed;
    config.server_address = "127.0.0.1:6443";
    if (configure != nullptr) configure(config);
    api_ = std::make_unique<ApiServer>(std::move(config));
    return Listen();
  }

  Task<absl::Status> Prepare() {
    absl::Status prepared = co_await api_->PrepareRun();
    tasks_.Spawn([this] { return api_->Run(); });
    co_return prepared;
  }

  Task<absl::Status> Stop() {
    absl::Status stopped = co_await server_->Shutdown(absl::Seconds(1));
    tasks_.Cancel();
    absl::Status joined = co_await tasks_.Join();
    co_return absl::IsCancelled(joined) ? stopped : joined;
  }

  std::unique_ptr<net::http::RoundTripper> Client(bool with_certificate) {
    net::TlsClientConfig tls;
    tls.ca_pem = ca_pem_;
    if (with_certificate) {
      tls.cert_pem = certificate_.cert_pem;
      tls.key_pem = certificate_.key_pem;
    }
    net::http::DialOptions dial;
    dial.tls = *net::NewTlsClientContext(tls);
    return net::http::NewTransport(executor_, std::move(dial));
  }

  net::http::Request Request(const char* method, std::string target,
                             const char* body) const {
    net::http::Request request;
    request.method = method;
    request.url =
        *net::http::ParseUrl(absl::StrCat("https://127.0.0.1:", port_, target));
    request.body = body;
    if (*body != '\0') {
      request.headers.Set("Content-Type", "application/json");
    }
    return request;
  }

  Task<absl::StatusOr<Answer>> Send(net::http::RoundTripper& client,
                                    net::http::Request request) {
    absl::StatusOr<net::http::Response> response =
        co_await client.RoundTrip(std::move(request));
    if (!response.ok()) co_return response.status();
    absl::StatusOr<std::string> body =
        co_await ReadAll(*response->body, 1 << 20);
    if (!body.ok()) co_return body.status();
    Answer answer;
    answer.status = response->status;
    answer.body = *std::move(body);
    absl::StatusOr<Json> json = api::ParseJson(answer.body);
    if (json.ok()) answer.json = *std::move(json);
    co_return answer;
  }

  // As admin.
  Task<absl::StatusOr<Answer>> Do(const char* method, const char* target,
                                  const char* body = "") {
    std::unique_ptr<net::http::RoundTripper> client = Client(true);
    net::http::Request request = Request(method, target, body);
    absl::StatusOr<Answer> answer = co_await Send(*client, std::move(request));
    co_return answer;
  }

 private:
  absl::Status Listen() {
    net::TlsServerConfig tls;
    tls.cert_pem = certificate_.cert_pem;
    tls.key_pem = certificate_.key_pem;
    tls.client_ca_pem = ca_pem_;
    tls.client_certificates = net::ClientCertificates::kVerifyIfGiven;
    tls.alpn = {"h2", "http/1.1"};
    net::http::ServerOptions options;
    options.tls = *net::NewTlsServerContext(tls);
    auto listener = net::ListenTcp(executor_, "127.0.0.1", 0);
    if (!listener.ok()) return listener.status();
    port_ = (*listener)->address().port;
    server_ = net::http::NewServer(executor_, api_->handler(), options);
    listener_ = *std::move(listener);
    tasks_.Spawn([this] { return server_->Serve(std::move(listener_)); });
    return absl::OkStatus();
  }

  std::string folder_;
  Executor executor_;
  TaskGroup tasks_;
  std::string ca_pem_;
  net::CertificateAndKey certificate_;
  std::unique_ptr<ApiServer> api_;
  std::unique_ptr<net::Listener> listener_;
  std::unique_ptr<net::http::Server> server_;
  uint16_t port_ = 0;
};

void WithServer(std::function<Task<absl::Status>(Rig&)> body,
                std::function<void(ServerConfig&)> configure = nullptr) {
  absl::Status status = RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    Rig rig(executor);
    absl::Status started = rig.Start(configure);
    if (!started.ok()) co_return started;
    absl::Status prepared = co_await rig.Prepare();
    if (!prepared.ok()) co_return prepared;
    absl::Status done = co_await body(rig);
    absl::Status stopped = co_await rig.Stop();
    co_return done.ok() ? stopped : done;
  });
  EXPECT_THAT(status, IsOk());
}

TEST(ApiServerTest, StoresPodsOverTls) {
  WithServer([](Rig& rig) -> Task<absl::Status> {
    absl::StatusOr<Answer> made = co_await rig.Do("POST", kPods, kPod);
    if (!made.ok()) co_return made.status();
    EXPECT_EQ(made->status, 201) << made->body;
    absl::StatusOr<Answer> again = co_await rig.Do("POST", kPods, kPod);
    EXPECT_EQ(again->status, 409);
    EXPECT_EQ(StringAt(again->json, {"message"}), "pods \"p\" already exists");
    absl::StatusOr<Answer> list = co_await rig.Do("GET", "/api/v1/pods");
    EXPECT_EQ(ArrayAt(list->json, {"items"}).size(), 1u);
    EXPECT_EQ(StringAt(list->json, {"kind"}), "PodList");
    absl::StatusOr<Answer> none =
        co_await rig.Do("GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dn1");
    EXPECT_EQ(ArrayAt(none->json, {"items"}).size(), 0u);
    absl::StatusOr<Answer> gone =
        co_await rig.Do("DELETE", "/api/v1/namespaces/default/pods/p");
    EXPECT_EQ(gone->status, 200);
    absl::StatusOr<Answer> missing =
        co_await rig.Do("GET", "/api/v1/namespaces/default/pods/p");
    EXPECT_EQ(missing->status, 404);
    EXPECT_EQ(StringAt(missing->json, {"message"}), "pods \"p\" not found");
    co_return absl::OkStatus();
  });
}

TEST(ApiServerTest, BindsAPodOnce) {
  WithServer([](Rig& rig) -> Task<absl::Status> {
    constexpr char kBindings[] = "/api/v1/namespaces/default/pods/p/binding";
    constexpr char kBinding[] =
        R"({"metadata":{"name":"p"},"target":{"kind":"Node","name":"n1"}})";
    absl::StatusOr<Answer> made = co_await rig.Do("POST", kPods, kPod);
    EXPECT_EQ(made->status, 201);
    absl::StatusOr<Answer> bound = co_await rig.Do("POST", kBindings, kBinding);
    EXPECT_EQ(bound->status, 201) << bound->body;
    absl::StatusOr<Answer> twice = co_await rig.Do("POST", kBindings, kBinding);
    EXPECT_EQ(twice->status, 409);
    EXPECT_EQ(StringAt(twice->json, {"message"}),
              "Operation cannot be fulfilled on pods/binding \"p\": pod p is "
              "already assigned to node \"n1\"");
    // A bound pod waits for its kubelet.
    absl::StatusOr<Answer> marked =
        co_await rig.Do("DELETE", "/api/v1/namespaces/default/pods/p");
    EXPECT_NE(StringAt(marked->json, {"metadata", "deletionTimestamp"}), "");
    absl::StatusOr<Answer> removed = co_await rig.Do(
        "DELETE", "/api/v1/namespaces/default/pods/p?gracePeriodSeconds=0");
    EXPECT_EQ(removed->status, 200);
    absl::StatusOr<Answer> missing =
        co_await rig.Do("GET", "/api/v1/namespaces/default/pods/p");
    EXPECT_EQ(missing->status, 404);
    co_return absl::OkStatus();
  });
}

// The loopback of a pod in its node's network is the node's.
TEST(ApiServerTest, CVE_2020_8558_NoPortForwardIntoANodesNetwork) {
  static constexpr char kHostPod[] =
      R"({"metadata":{"name":"h"},"spec":{"hostNetwork":true,"containers":[)"
      R"({"name":"c","image":"i"}]}})";
  const auto make_pods = [](Rig& rig) -> Task<absl::Status> {
    absl::StatusOr<Answer> made = co_await rig.Do("POST", kPods, kHostPod);
    EXPECT_EQ(made->status, 201) << made->body;
    made = co_await rig.Do("POST", kPods, kPod);
    EXPECT_EQ(made->status, 201);
    co_return absl::OkStatus();
  };
  WithServer(
      [&make_pods](Rig& rig) -> Task<absl::Status> {
        absl::Status made = co_await make_pods(rig);
        if (!made.ok()) co_return made;
        for (const char* method : {"GET", "POST"}) {
          absl::StatusOr<Answer> host = co_await rig.Do(
              method, "/api/v1/namespaces/default/pods/h/portforward");
          EXPECT_EQ(host->status, 403) << host->body;
          EXPECT_EQ(StringAt(host->json, {"message"}),
                    "pods \"h\" is forbidden: cannot port-forward to a pod "
                    "using host network");
        }
        // Others get further, and one that is not there is not found.
        absl::StatusOr<Answer> other = co_await rig.Do(
            "POST", "/api/v1/namespaces/default/pods/p/portforward");
        EXPECT_EQ(StringAt(other->json, {"message"}),
                  "pod p does not have a host assigned");
        absl::StatusOr<Answer> none = co_await rig.Do(
            "POST", "/api/v1/namespaces/default/pods/none/portforward");
        EXPECT_EQ(none->status, 404);
        co_return absl::OkStatus();
      },
      [](ServerConfig& config) {
        config.deny_host_network_port_forward = true;
      });
  // Off by default.
  WithServer([&make_pods](Rig& rig) -> Task<absl::Status> {
    absl::Status made = co_await make_pods(rig);
    if (!made.ok()) co_return made;
    absl::StatusOr<Answer> host = co_await rig.Do(
        "POST", "/api/v1/namespaces/default/pods/h/portforward");
    EXPECT_EQ(StringAt(host->json, {"message"}),
              "pod h does not have a host assigned");
    co_return absl::OkStatus();
  });
}

TEST(ApiServerTest, ConnectAnswersInUpstreamsWords) {
  WithServer([](Rig& rig) -> Task<absl::Status> {
    constexpr char kTarget[] = "/api/v1/namespaces/default/pods/p/portforward";
    absl::StatusOr<Answer> made = co_await rig.Do("POST", kPods, kPod);
    EXPECT_EQ(made->status, 201);
    absl::StatusOr<Answer> homeless = co_await rig.Do("POST", kTarget);
    EXPECT_EQ(homeless->status, 400);
    EXPECT_EQ(StringAt(homeless->json, {"message"}),
              "pod p does not have a host assigned");
    absl::StatusOr<Answer> get = co_await rig.Do("GET", kTarget);
    EXPECT_EQ(get->status, 400);
    absl::StatusOr<Answer> dry = co_await rig.Do(
        "POST", "/api/v1/namespaces/default/pods/p/portforward?dryRun=All");
    EXPECT_EQ(StringAt(dry->json, {"message"}), "dryRun is not supported");
    absl::StatusOr<Answer> port = co_await rig.Do(
        "POST", "/api/v1/namespaces/default/pods/p/portforward?ports=x");
    EXPECT_EQ(StringAt(port->json, {"message"}),
              "strconv.ParseUint: parsing \"x\": invalid syntax");
    absl::StatusOr<Answer> put = co_await rig.Do("PUT", kTarget);
    EXPECT_EQ(put->status, 405);
    co_return absl::OkStatus();
  });
}

TEST(ApiServerTest, NamespaceGoesWithWhatItHolds) {
  WithServer([](Rig& rig) -> Task<absl::Status> {
    absl::StatusOr<Answer> none =
        co_await rig.Do("POST", "/api/v1/namespaces/foo/pods", kPod);
    EXPECT_EQ(StringAt(none->json, {"message"}),
              "namespaces \"foo\" not found");
    absl::StatusOr<Answer> ns = co_await rig.Do(
        "POST", "/api/v1/namespaces", R"({"metadata":{"name":"foo"}})");
    EXPECT_EQ(ns->status, 201);
    std::unique_ptr<net::http::RoundTripper> client = rig.Client(true);
    net::http::Request request = rig.Request(
        "GET",
        "/api/v1/namespaces?watch=true&fieldSelector=metadata.name%3Dfoo", "");
    absl::StatusOr<net::http::Response> watch =
        co_await client->RoundTrip(std::move(request));
    if (!watch.ok()) co_return watch.status();
    absl::StatusOr<Answer> pod =
        co_await rig.Do("POST", "/api/v1/namespaces/foo/pods", kPod);
    EXPECT_EQ(pod->status, 201);
    const std::string deployment = DeploymentJson("d", "t");
    absl::StatusOr<Answer> grouped = co_await rig.Do(
        "POST", "/apis/apps/v1/namespaces/foo/deployments", deployment.c_str());
    EXPECT_EQ(grouped->status, 201) << grouped->body;
    absl::StatusOr<Answer> marked =
        co_await rig.Do("DELETE", "/api/v1/namespaces/foo");
    EXPECT_EQ(StringAt(marked->json, {"status", "phase"}), "Terminating");
    std::string text;
    char buffer[4096];
    while (!absl::StrContains(text, "DELETED")) {
      absl::StatusOr<size_t> got =
          co_await watch->body->Read(absl::MakeSpan(buffer));
      if (!got.ok()) co_return got.status();
      if (*got == 0) co_return absl::UnavailableError("the watch ended");
      text.append(buffer, *got);
    }
    absl::StatusOr<Answer> left = co_await rig.Do("GET", "/api/v1/pods");
    EXPECT_EQ(ArrayAt(left->json, {"items"}).size(), 0u);
    left = co_await rig.Do("GET", "/apis/apps/v1/deployments");
    EXPECT_EQ(ArrayAt(left->json, {"items"}).size(), 0u);
    absl::StatusOr<Answer> kept =
        co_await rig.Do("DELETE", "/api/v1/namespaces/default");
    EXPECT_EQ(StringAt(kept->json, {"message"}),
              "namespaces \"default\" is forbidden: this namespace may not "
              "be deleted");
    co_return absl::OkStatus();
  });
}

TEST(ApiServerTest, TablesHaveKubectlsColumns) {
  WithServer([](Rig& rig) -> Task<absl::Status> {
    absl::StatusOr<Answer> made = co_await rig.Do("POST", kPods, kPod);
    EXPECT_EQ(made->status, 201);
    std::unique_ptr<net::http::RoundTripper> client = rig.Client(true);
    net::http::Request request = rig.Request("GET", kPods, "");
    request.headers.Set("Accept",
                        "application/json;as=Table;v=v1;g=meta.k8s.io,"
                        "application/json");
    absl::StatusOr<Answer> table =
        co_await rig.Send(*client, std::move(request));
    if (!table.ok()) co_return table.status();
    EXPECT_EQ(StringAt(table->json, {"kind"}), "Table");
    std::string names;
    for (const Json& column : ArrayAt(table->json, {"columnDefinitions"})) {
      names += StringAt(column, {"name"}) + ",";
    }
    EXPECT_EQ(names,
              "Name,Ready,Status,Restarts,Age,IP,Node,Nominated Node,"
              "Readiness Gates,");
    const Json& rows = ArrayAt(table->json, {"rows"});
    EXPECT_EQ(rows.size(), 1u);
    const Json& cells = ArrayAt(rows[0], {"cells"});
    EXPECT_EQ(cells[0], "p");
    EXPECT_EQ(cells[1], "0/1");
    EXPECT_EQ(cells[2], "Pending");
    co_return absl::OkStatus();
  });
}

TEST(ApiServerTest, WithoutACredentialNothingIsTold) {
  WithServer([](Rig& rig) -> Task<absl::Status> {
    std::unique_ptr<net::http::RoundTripper> client = rig.Client(false);
    net::http::Request request = rig.Request("GET", "/api", "");
    absl::StatusOr<Answer> answer =
        co_await rig.Send(*client, std::move(request));
    if (!answer.ok()) co_return answer.status();
    EXPECT_EQ(answer->status, 401);
    EXPECT_EQ(StringAt(answer->json, {"message"}), "Unauthorized");
    EXPECT_EQ(StringAt(answer->json, {"reason"}), "Unauthorized");
    co_return absl::OkStatus();
  });
}

TEST(ApiServerTest, WatchSendsALineForEachChange) {
  WithServer([](Rig& rig) -> Task<absl::Status> {
    std::unique_ptr<net::http::RoundTripper> client = rig.Client(true);
    net::http::Request request =
        rig.Request("GET", "/api/v1/namespaces/default/pods?watch=true", "");
    absl::StatusOr<net::http::Response> response =
        co_await client->RoundTrip(std::move(request));
    if (!response.ok()) co_return response.status();
    EXPECT_EQ(response->status, 200);
    absl::StatusOr<Answer> made = co_await rig.Do("POST", kPods, kPod);
    EXPECT_EQ(made->status, 201);
    absl::StatusOr<Answer> gone =
        co_await rig.Do("DELETE", "/api/v1/namespaces/default/pods/p");
    EXPECT_EQ(gone->status, 200);
    std::string text;
    char buffer[4096];
    while (std::count(text.begin(), text.end(), '\n') < 2) {
      absl::StatusOr<size_t> got =
          co_await response->body->Read(absl::MakeSpan(buffer));
      if (!got.ok()) co_return got.status();
      if (*got == 0) co_return absl::UnavailableError("the watch ended");
      text.append(buffer, *got);
    }
    const std::vector<std::string> lines = absl::StrSplit(text, '\n');
    absl::StatusOr<Json> first = api::ParseJson(lines[0]);
    absl::StatusOr<Json> second = api::ParseJson(lines[1]);
    EXPECT_EQ(StringAt(*first, {"type"}), "ADDED");
    EXPECT_EQ(StringAt(*first, {"object", "metadata", "name"}), "p");
    EXPECT_EQ(StringAt(*second, {"type"}), "DELETED");
    co_return absl::OkStatus();
  });
}

TEST(ApiServerTest, WatchFromTheFutureIsRefused) {
  WithServer([](Rig& rig) -> Task<absl::Status> {
    absl::StatusOr<Answer> old =
        co_await rig.Do("GET", "/api/v1/pods?watch=true&resourceVersion=99999");
    EXPECT_EQ(old->status, 504);
    EXPECT_THAT(StringAt(old->json, {"message"}),
                StartsWith("Timeout: Too large resource version: 99999"));
    co_return absl::OkStatus();
  });
}

TEST(ApiServerTest, DiscoveryNamesWhatIsServed) {
  WithServer([](Rig& rig) -> Task<absl::Status> {
    absl::StatusOr<Answer> list = co_await rig.Do("GET", "/api/v1");
    std::string names;
    for (const Json& resource : ArrayAt(list->json, {"resources"})) {
      names += StringAt(resource, {"name"}) + " ";
    }
    EXPECT_EQ(names,
              "endpoints namespaces namespaces/status nodes nodes/status pods "
              "pods/binding pods/portforward pods/status "
              "replicationcontrollers replicationcontrollers/status services "
              "services/status ");
    absl::StatusOr<Answer> version = co_await rig.Do("GET", "/version");
    EXPECT_THAT(StringAt(version->json, {"gitVersion"}), StartsWith("v1.20.2"));
    absl::StatusOr<Answer> ready = co_await rig.Do("GET", "/readyz");
    EXPECT_EQ(ready->body, "ok");
    absl::StatusOr<Answer> verbose = co_await rig.Do("GET", "/readyz?verbose");
    EXPECT_EQ(verbose->body,
              "[+]ping ok\n[+]storage ok\n[+]shutdown ok\nreadyz check "
              "passed\n");
    absl::StatusOr<Answer> metrics = co_await rig.Do("GET", "/metrics");
    EXPECT_THAT(metrics->body, HasSubstr("apiserver_request_total"));
    absl::StatusOr<Answer> unknown =
        co_await rig.Do("GET", "/apis/extensions/v1beta1/deployments");
    EXPECT_EQ(unknown->status, 404);
    co_return absl::OkStatus();
  });
}

TEST(ApiServerTest, DiscoveryNamesTheGroups) {
  WithServer([](Rig& rig) -> Task<absl::Status> {
    absl::StatusOr<Answer> groups = co_await rig.Do("GET", "/apis");
    EXPECT_EQ(groups->json,
              *api::ParseJson(
                  R"({"kind":"APIGroupList","apiVersion":"v1","groups":[)"
                  R"({"name":"apps","versions":[{"groupVersion":"apps/v1",)"
                  R"("version":"v1"}],"preferredVersion":)"
                  R"({"groupVersion":"apps/v1","version":"v1"}},)"
                  R"({"name":"batch","versions":[{"groupVersion":"batch/v1",)"
                  R"("version":"v1"}],"preferredVersion":)"
                  R"({"groupVersion":"batch/v1","version":"v1"}}]})"));
    absl::StatusOr<Answer> group = co_await rig.Do("GET", "/apis/batch");
    EXPECT_EQ(StringAt(group->json, {"kind"}), "APIGroup");
    EXPECT_EQ(StringAt(group->json, {"name"}), "batch");
    absl::StatusOr<Answer> list = co_await rig.Do("GET", "/apis/apps/v1");
    EXPECT_EQ(StringAt(list->json, {"groupVersion"}), "apps/v1");
    EXPECT_EQ(StringAt(list->json, {"apiVersion"}), "v1");
    std::string names;
    for (const Json& resource : ArrayAt(list->json, {"resources"})) {
      names += StringAt(resource, {"name"}) + " ";
    }
    EXPECT_EQ(names,
              "daemonsets daemonsets/status deployments deployments/status "
              "replicasets replicasets/status statefulsets "
              "statefulsets/status ");
    EXPECT_EQ(
        ArrayAt(list->json, {"resources"})[2],
        *api::ParseJson(
            R"({"name":"deployments","singularName":"","namespaced":true,)"
            R"("kind":"Deployment","verbs":["create","delete",)"
            R"("deletecollection","get","list","patch","update","watch"],)"
            R"("shortNames":["deploy"],"categories":["all"]})"));
    for (const char* path :
         {"/apis/foo", "/apis/foo/v1", "/apis/apps/v2", "/api/v1/deployments",
          "/apis/apps/v1/pods", "/apis/apps/v1beta1/deployments"}) {
      absl::StatusOr<Answer> unknown = co_await rig.Do("GET", path);
      EXPECT_EQ(unknown->status, 404) << path;
    }
    co_return absl::OkStatus();
  });
}

TEST(ApiServerTest, StoresObjectsOfGroups) {
  WithServer([](Rig& rig) -> Task<absl::Status> {
    const std::string first = DeploymentJson("d", "front");
    const std::string second = DeploymentJson("e", "back");
    absl::StatusOr<Answer> made =
        co_await rig.Do("POST", kDeployments, first.c_str());
    if (!made.ok()) co_return made.status();
    EXPECT_EQ(made->status, 201) << made->body;
    EXPECT_EQ(StringAt(made->json, {"apiVersion"}), "apps/v1");
    absl::StatusOr<Answer> again =
        co_await rig.Do("POST", kDeployments, first.c_str());
    EXPECT_EQ(StringAt(again->json, {"message"}),
              "deployments.apps \"d\" already exists");
    EXPECT_EQ(again->json["details"],
              *api::ParseJson(R"({"name":"d","group":"apps",)"
                              R"("kind":"deployments"})"));
    made = co_await rig.Do("POST", kDeployments, second.c_str());
    EXPECT_EQ(made->status, 201);
    const std::pair<const char*, size_t> selections[] = {
        {"/apis/apps/v1/deployments", 2},
        {"/apis/apps/v1/deployments?labelSelector=tier%3Dback", 1},
        {"/apis/apps/v1/deployments?fieldSelector=metadata.name%3Dd", 1},
        {"/apis/apps/v1/deployments?fieldSelector=metadata.namespace%3Dx", 0}};
    for (const auto& [target, count] : selections) {
      absl::StatusOr<Answer> list = co_await rig.Do("GET", target);
      EXPECT_EQ(ArrayAt(list->json, {"items"}).size(), count) << target;
      EXPECT_EQ(StringAt(list->json, {"kind"}), "DeploymentList");
      EXPECT_EQ(StringAt(list->json, {"apiVersion"}), "apps/v1");
    }
    absl::StatusOr<Answer> field = co_await rig.Do(
        "GET", "/apis/apps/v1/deployments?fieldSelector=spec.x%3Dd");
    EXPECT_EQ(field->status, 400);
    EXPECT_EQ(StringAt(field->json, {"message"}),
              "\"spec.x\" is not a known field selector: only "
              "\"metadata.name\", \"metadata.namespace\"");
    constexpr char kStatus[] =
        "/apis/apps/v1/namespaces/default/deployments/d/status";
    constexpr char kBody[] =
        R"({"metadata":{"name":"d"},"status":{"readyReplicas":1}})";
    absl::StatusOr<Answer> status = co_await rig.Do("PUT", kStatus, kBody);
    EXPECT_EQ(status->status, 200) << status->body;
    EXPECT_EQ(IntAt(status->json, {"status", "readyReplicas"}), 1);
    EXPECT_EQ(IntAt(status->json, {"spec", "replicas"}), 1);
    absl::StatusOr<Answer> gone = co_await rig.Do(
        "DELETE", "/apis/apps/v1/namespaces/default/deployments/d");
    EXPECT_EQ(StringAt(gone->json, {"details", "group"}), "apps");
    absl::StatusOr<Answer> missing = co_await rig.Do(
        "GET", "/apis/apps/v1/namespaces/default/deployments/d");
    EXPECT_EQ(StringAt(missing->json, {"message"}),
              "deployments.apps \"d\" not found");
    co_return absl::OkStatus();
  });
}

TEST(ApiServerTest, WatchOfAGroupSeesWhatItsSelectorTakes) {
  WithServer([](Rig& rig) -> Task<absl::Status> {
    std::unique_ptr<net::http::RoundTripper> client = rig.Client(true);
    net::http::Request request = rig.Request(
        "GET",
        "/apis/apps/v1/deployments?watch=true&labelSelector=tier%3Dfront", "");
    absl::StatusOr<net::http::Response> response =
        co_await client->RoundTrip(std::move(request));
    if (!response.ok()) co_return response.status();
    const std::string back = DeploymentJson("e", "back");
    const std::string front = DeploymentJson("d", "front");
    absl::StatusOr<Answer> made =
        co_await rig.Do("POST", kDeployments, back.c_str());
    EXPECT_EQ(made->status, 201);
    made = co_await rig.Do("POST", kDeployments, front.c_str());
    EXPECT_EQ(made->status, 201);
    std::string text;
    char buffer[4096];
    while (!absl::StrContains(text, "\n")) {
      absl::StatusOr<size_t> got =
          co_await response->body->Read(absl::MakeSpan(buffer));
      if (!got.ok()) co_return got.status();
      if (*got == 0) co_return absl::UnavailableError("the watch ended");
      text.append(buffer, *got);
    }
    absl::StatusOr<Json> event =
        api::ParseJson(text.substr(0, text.find('\n')));
    EXPECT_EQ(StringAt(*event, {"type"}), "ADDED");
    EXPECT_EQ(StringAt(*event, {"object", "metadata", "name"}), "d");
    EXPECT_EQ(StringAt(*event, {"object", "apiVersion"}), "apps/v1");
    co_return absl::OkStatus();
  });
}

// What kubectl apply sends when a port of a service moves.
TEST(ApiServerTest, AServicesPortsAreMergedByPort) {
  WithServer([](Rig& rig) -> Task<absl::Status> {
    constexpr char kServices[] = "/api/v1/namespaces/default/services";
    constexpr char kService[] =
        R"({"metadata":{"name":"s"},"spec":{"ports":[{"name":"a","port":80},)"
        R"({"name":"b","port":81}]}})";
    absl::StatusOr<Answer> made = co_await rig.Do("POST", kServices, kService);
    EXPECT_EQ(made->status, 201) << made->body;
    std::unique_ptr<net::http::RoundTripper> client = rig.Client(true);
    net::http::Request request = rig.Request(
        "PATCH", "/api/v1/namespaces/default/services/s",
        R"({"spec":{"$setElementOrder/ports":[{"port":82},{"port":80}],)"
        R"("ports":[{"$patch":"delete","port":81},{"name":"c","port":82},)"
        R"({"port":80,"targetPort":8080}]}})");
    request.headers.Set("Content-Type",
                        "application/strategic-merge-patch+json");
    absl::StatusOr<Answer> patched =
        co_await rig.Send(*client, std::move(request));
    if (!patched.ok()) co_return patched.status();
    EXPECT_EQ(patched->status, 200) << patched->body;
    EXPECT_EQ(patched->json["spec"]["ports"],
              *api::ParseJson(R"([{"name":"c","port":82,"protocol":"TCP",)"
                              R"("targetPort":82},{"name":"a","port":80,)"
                              R"("protocol":"TCP","targetPort":8080}])"));
    co_return absl::OkStatus();
  });
}

}  // namespace
}  // namespace fairway::apiserver
