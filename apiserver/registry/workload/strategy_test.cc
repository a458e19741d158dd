// SPDX-License-Identifier: Apache-2.0
#include "apiserver/registry/workload/strategy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "api/json.h"
#include "apiserver/registry/generic/object_meta.h"
#include "apiserver/registry/workload/kinds.h"
#include "base/status/testing/status_matchers.h"

namespace fairway::apiserver::registry::workload {
namespace {

using ::testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1600000000);
constexpr char kTemplate[] =
    R"("template":{"metadata":{"labels":{"app":"a"}},)"
    R"("spec":{"containers":[{"name":"c","image":"i:1"}]}})";
constexpr char kSelector[] = R"("selector":{"matchLabels":{"app":"a"}})";

const WorkloadKind& KindOf(const std::string& name) {
  for (const WorkloadKind& kind : Kinds()) {
    if (kind.info.kind == name) return kind;
  }
  ADD_FAILURE() << name;
  return Kinds()[0];
}

Json Workload(const std::string& spec) {
  Json object;
  object["metadata"]["name"] = "w";
  object["spec"] = *api::ParseJson(spec);
  return object;
}

// A spec that the kind takes, with `more` in it.
std::string SpecOf(const std::string& kind, const std::string& more = "") {
  std::string spec = absl::StrCat("{", kTemplate);
  if (kind == "ReplicationController") {
    absl::StrAppend(&spec, R"(,"selector":{"app":"a"})");
  } else if (kind != "Job") {
    absl::StrAppend(&spec, ",", kSelector);
  }
  Json json = *api::ParseJson(spec + "}");
  if (kind == "Job") json["template"]["spec"]["restartPolicy"] = "Never";
  if (!more.empty()) json.merge_patch(*api::ParseJson(more));
  return api::DumpJson(json);
}

absl::Status Create(const std::string& kind, Json& object) {
  return generic::BeforeCreate(WorkloadStrategy(KindOf(kind)), "ns", kNow,
                               object);
}

Json Stored(const std::string& kind, const std::string& more = "") {
  Json object = Workload(SpecOf(kind, more));
  EXPECT_THAT(Create(kind, object), IsOk());
  return object;
}

absl::Status Update(const std::string& kind, const Json& old, Json& object) {
  return generic::BeforeUpdate(WorkloadStrategy(KindOf(kind)), old, object);
}

struct DefaultCase {
  const char* kind;
  const char* version;
  const char* key_root;
  const char* spec;  // what is added to it
  const char* want;  // of the spec, but template and selector
  const char* status;
};

class WorkloadDefaultsTest : public ::testing::TestWithParam<DefaultCase> {};

TEST_P(WorkloadDefaultsTest, AreUpstreams) {
  const DefaultCase& c = GetParam();
  const Json object = Stored(c.kind, c.spec);
  Json spec = object["spec"];
  EXPECT_EQ(StringAt(spec, {"template", "spec", "dnsPolicy"}), "ClusterFirst");
  spec.erase("template");
  spec.erase("selector");
  EXPECT_EQ(spec, *api::ParseJson(c.want));
  EXPECT_EQ(object["status"], *api::ParseJson(c.status));
  EXPECT_EQ(StringAt(object, {"apiVersion"}), c.version);
  EXPECT_EQ(StringAt(object, {"kind"}), c.kind);
  EXPECT_EQ(WorkloadStrategy(KindOf(c.kind)).key_root(), c.key_root);
  EXPECT_EQ(IntAt(object, {"metadata", "generation"}).value_or(0),
            std::string(c.kind) == "Job" ? 0 : 1);
}

INSTANTIATE_TEST_SUITE_P(
    All, WorkloadDefaultsTest,
    ::testing::Values(
        DefaultCase{"ReplicationController", "v1", "/registry/controllers", "",
                    R"({"replicas":1})", R"({"replicas":0})"},
        DefaultCase{"Deployment", "apps/v1", "/registry/deployments", "",
                    R"({"replicas":1,"revisionHistoryLimit":10,
                        "progressDeadlineSeconds":600,
                        "strategy":{"type":"RollingUpdate","rollingUpdate":
                          {"maxUnavailable":"25%","maxSurge":"25%"}}})",
                    "{}"},
        DefaultCase{"Deployment", "apps/v1", "/registry/deployments",
                    R"({"replicas":0,"strategy":{"type":"Recreate"}})",
                    R"({"replicas":0,"revisionHistoryLimit":10,
                        "progressDeadlineSeconds":600,
                        "strategy":{"type":"Recreate"}})",
                    "{}"},
        DefaultCase{"ReplicaSet", "apps/v1", "/registry/replicasets", "",
                    R"({"replicas":1})", R"({"replicas":0})"},
        DefaultCase{"StatefulSet", "apps/v1", "/registry/statefulsets", "",
                    R"({"replicas":1,"revisionHistoryLimit":10,
                        "serviceName":"","podManagementPolicy":"OrderedReady",
                        "updateStrategy":{"type":"RollingUpdate",
                          "rollingUpdate":{"partition":0}}})",
                    R"({"replicas":0})"},
        DefaultCase{"DaemonSet", "apps/v1", "/registry/daemonsets", "",
                    R"({"revisionHistoryLimit":10,
                        "updateStrategy":{"type":"RollingUpdate",
                          "rollingUpdate":{"maxUnavailable":1}}})",
                    R"({"currentNumberScheduled":0,"numberMisscheduled":0,
                        "desiredNumberScheduled":0,"numberReady":0})"},
        DefaultCase{"Job", "batch/v1", "/registry/jobs", "",
                    R"({"completions":1,"parallelism":1,"backoffLimit":6})",
                    "{}"},
        DefaultCase{"Job", "batch/v1", "/registry/jobs", R"({"parallelism":2})",
                    R"({"parallelism":2,"backoffLimit":6})", "{}"}));

TEST(WorkloadStrategyTest, AJobsSelectorIsMade) {
  const Json job = Stored("Job");
  const std::string uid = StringAt(job, {"metadata", "uid"});
  EXPECT_EQ(job["spec"]["selector"],
            Json({{"matchLabels", {{"controller-uid", uid}}}}));
  EXPECT_EQ(job["spec"]["template"]["metadata"]["labels"],
            Json({{"app", "a"}, {"controller-uid", uid}, {"job-name", "w"}}));
  EXPECT_EQ(job["metadata"]["labels"], Json({{"app", "a"}}));
}

TEST(WorkloadStrategyTest, AReplicationControllersSelectorIsItsTemplates) {
  Json object = Workload(absl::StrCat("{", kTemplate, "}"));
  ASSERT_THAT(Create("ReplicationController", object), IsOk());
  EXPECT_EQ(object["spec"]["selector"], Json({{"app", "a"}}));
  EXPECT_EQ(object["metadata"]["labels"], Json({{"app", "a"}}));
}

struct InvalidCase {
  const char* kind;
  const char* more;
  const char* message;
};

class InvalidWorkloadTest : public ::testing::TestWithParam<InvalidCase> {};

TEST_P(InvalidWorkloadTest, IsRefusedInUpstreamsWords) {
  Json object = Workload(SpecOf(GetParam().kind, GetParam().more));
  EXPECT_THAT(Create(GetParam().kind, object),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    All, InvalidWorkloadTest,
    ::testing::Values(
        InvalidCase{"Deployment", R"({"selector":null})",
                    "Deployment.apps \"w\" is invalid: spec.selector: Required "
                    "value"},
        InvalidCase{
            "Deployment", R"({"selector":{"matchLabels":{"app":"b"}}})",
            "Deployment.apps \"w\" is invalid: spec.template.metadata.labels: "
            "Invalid value: map[string]string{\"app\":\"a\"}: `selector` does "
            "not match template `labels`"},
        InvalidCase{"Deployment", R"({"selector":{"matchLabels":null}})",
                    "spec.selector: Invalid value: v1.LabelSelector{"
                    "MatchLabels:map[string]string(nil), MatchExpressions:[]"
                    "v1.LabelSelectorRequirement(nil)}: empty selector is "
                    "invalid for deployment"},
        InvalidCase{"StatefulSet", R"({"selector":{"matchLabels":null}})",
                    "empty selector is invalid for statefulset"},
        InvalidCase{"DaemonSet", R"({"selector":{"matchLabels":null}})",
                    "empty selector is invalid for daemonset"},
        InvalidCase{"ReplicaSet",
                    R"({"selector":{"matchExpressions":[
                        {"key":"app","operator":"In"}]}})",
                    "spec.selector.matchExpressions[0].values: Required value: "
                    "must be specified when `operator` is 'In' or 'NotIn'"},
        InvalidCase{"ReplicaSet",
                    R"({"selector":{"matchExpressions":[
                        {"key":"app","operator":"is"}]}})",
                    "spec.selector.matchExpressions[0].operator: Invalid "
                    "value: \"is\": not a valid selector operator"},
        InvalidCase{"ReplicaSet",
                    R"({"selector":{"matchExpressions":[
                        {"key":"app","operator":"NotIn","values":["a"]}]}})",
                    "`selector` does not match template `labels`"},
        InvalidCase{"ReplicationController", R"({"selector":{"x":"y"}})",
                    "ReplicationController \"w\" is invalid: "
                    "spec.template.metadata.labels: Invalid value: map[string]"
                    "string{\"app\":\"a\"}: `selector` does not match template "
                    "`labels`"},
        InvalidCase{"Deployment", R"({"replicas":-1})",
                    "spec.replicas: Invalid value: -1: must be greater than or "
                    "equal to 0"},
        InvalidCase{"Deployment", R"({"template":{"spec":{"containers":[]}}})",
                    "spec.template.spec.containers: Required value"},
        InvalidCase{"Deployment",
                    R"({"template":{"spec":{"restartPolicy":"Never"}}})",
                    "spec.template.spec.restartPolicy: Unsupported value: "
                    "\"Never\": supported values: \"Always\""},
        InvalidCase{"Job", R"({"template":{"spec":{"restartPolicy":null}}})",
                    "Job.batch \"w\" is invalid: "
                    "spec.template.spec.restartPolicy: Unsupported value: "
                    "\"Always\": supported values: \"OnFailure\", \"Never\""},
        InvalidCase{"StatefulSet",
                    R"({"template":{"spec":{"activeDeadlineSeconds":1}}})",
                    "spec.template.spec.activeDeadlineSeconds: Forbidden: "
                    "activeDeadlineSeconds in StatefulSet is not Supported"},
        InvalidCase{"Deployment", R"({"strategy":{"type":"X"}})",
                    "spec.strategy.type: Unsupported value: \"X\": supported "
                    "values: \"Recreate\", \"RollingUpdate\""},
        InvalidCase{"Deployment",
                    R"({"strategy":{"type":"Recreate","rollingUpdate":{}}})",
                    "spec.strategy.rollingUpdate: Forbidden: may not be "
                    "specified when strategy `type` is 'Recreate'"},
        InvalidCase{"Job",
                    R"({"template":{"metadata":{"labels":
                        {"job-name":"x"}}}})",
                    "spec.template.metadata.labels[job-name]: Invalid value: "
                    "map[string]string{"},
        InvalidCase{"Deployment", R"({"replicas":"1"})",
                    "Deployment in version \"v1\" cannot be handled as a "
                    "Deployment: spec.replicas: want an integer"},
        InvalidCase{"Deployment", R"({"template":{"spec":{"containers":1}}})",
                    "cannot be handled as a Deployment: spec.template.spec"}));

TEST(WorkloadStrategyTest, FieldsThatSelectorsMayName) {
  Json job = Stored("Job");
  job["status"]["succeeded"] = 2;
  EXPECT_EQ(WorkloadStrategy(KindOf("Job")).Fields(job),
            (rest::FieldMap{{"metadata.name", "w"},
                            {"metadata.namespace", "ns"},
                            {"status.successful", "2"}}));
  EXPECT_EQ(
      WorkloadStrategy(KindOf("Deployment")).Fields(Json::object()),
      (rest::FieldMap{{"metadata.name", ""}, {"metadata.namespace", ""}}));
}

TEST(WorkloadStrategyTest, AnotherKindsManifestIsRefused) {
  Json object = Workload(SpecOf("Deployment"));
  object["apiVersion"] = "extensions/v1beta1";
  EXPECT_THAT(Create("Deployment", object),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "the API version in the data (extensions/v1beta1) does "
                       "not match the expected API version (apps/v1)"));
  object["apiVersion"] = "apps/v1";
  object["kind"] = "ReplicaSet";
  EXPECT_THAT(Create("Deployment", object),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("cannot be handled as a Deployment")));
}

TEST(WorkloadStrategyTest, GenerationCountsChangesOfTheSpec) {
  const Json old = Stored("Deployment");
  Json object = old;
  object["metadata"]["labels"]["x"] = "y";
  object["metadata"]["generation"] = 9;
  ASSERT_THAT(Update("Deployment", old, object), IsOk());
  EXPECT_EQ(object["metadata"]["generation"], 1);
  object["spec"]["replicas"] = 2;
  ASSERT_THAT(Update("Deployment", old, object), IsOk());
  EXPECT_EQ(object["metadata"]["generation"], 2);
  Json annotated = old;
  annotated["metadata"]["annotations"]["x"] = "y";
  ASSERT_THAT(Update("Deployment", old, annotated), IsOk());
  EXPECT_EQ(annotated["metadata"]["generation"], 2);
  // What defaults fill in again is no change.
  Json bare = old;
  bare["spec"].erase("strategy");
  ASSERT_THAT(Update("Deployment", old, bare), IsOk());
  EXPECT_EQ(bare, old);
}

TEST(WorkloadStrategyTest, EachSubresourceKeepsTheOthersPart) {
  const Json old = Stored("StatefulSet");
  Json changed = old;
  changed["spec"]["replicas"] = 3;
  changed["status"]["readyReplicas"] = 2;
  Json by_spec = changed;
  ASSERT_THAT(Update("StatefulSet", old, by_spec), IsOk());
  EXPECT_EQ(by_spec["status"], old["status"]);
  EXPECT_EQ(by_spec["spec"]["replicas"], 3);
  Json by_status = changed;
  ASSERT_THAT(
      generic::BeforeUpdate(WorkloadStatusStrategy(KindOf("StatefulSet")), old,
                            by_status),
      IsOk());
  EXPECT_EQ(by_status["spec"], old["spec"]);
  EXPECT_EQ(by_status["status"]["readyReplicas"], 2);
  EXPECT_EQ(by_status["metadata"]["generation"], 1);
}

struct UpdateCase {
  const char* kind;
  const char* change;   // merged into the spec
  const char* message;  // null: it may be made
};

class WorkloadUpdateTest : public ::testing::TestWithParam<UpdateCase> {};

TEST_P(WorkloadUpdateTest, KeepsWhatIsImmutable) {
  const UpdateCase& c = GetParam();
  const Json old = Stored(c.kind);
  Json object = old;
  object["spec"].merge_patch(*api::ParseJson(c.change));
  const absl::Status status = Update(c.kind, old, object);
  if (c.message == nullptr) {
    EXPECT_THAT(status, IsOk());
    return;
  }
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               HasSubstr(c.message)));
}

constexpr char kOtherSelector[] =
    R"({"selector":{"matchLabels":{"app":"b"}},)"
    R"("template":{"metadata":{"labels":{"app":"b"}}}})";
constexpr char kImmutableSelector[] =
    "spec.selector: Invalid value: v1.LabelSelector{MatchLabels:map[string]"
    "string{\"app\":\"b\"}, MatchExpressions:[]v1.LabelSelectorRequirement(nil)"
    "}: field is immutable";
constexpr char kImage[] =
    R"({"template":{"spec":{"containers":[{"name":"c","image":"j:1"}]}}})";

INSTANTIATE_TEST_SUITE_P(
    All, WorkloadUpdateTest,
    ::testing::Values(
        UpdateCase{"Deployment", kOtherSelector, kImmutableSelector},
        UpdateCase{"ReplicaSet", kOtherSelector, kImmutableSelector},
        UpdateCase{"DaemonSet", kOtherSelector, kImmutableSelector},
        UpdateCase{"StatefulSet", kOtherSelector,
                   "spec: Forbidden: updates to statefulset spec for fields "
                   "other than 'replicas', 'template', and 'updateStrategy' "
                   "are forbidden"},
        UpdateCase{"ReplicationController",
                   R"({"selector":{"app":"b"},
                       "template":{"metadata":{"labels":{"app":"b"}}}})",
                   nullptr},
        UpdateCase{"Job", kImage, "field is immutable"},
        UpdateCase{"Job", R"({"completions":2})",
                   "spec.completions: Invalid value: 2: field is immutable"},
        UpdateCase{"Job", R"({"completions":null,"parallelism":2})",
                   "spec.completions: Invalid value: null: field is "
                   "immutable"},
        UpdateCase{"Job", R"({"parallelism":2})", nullptr},
        UpdateCase{"Deployment", kImage, nullptr},
        UpdateCase{"StatefulSet", kImage, nullptr},
        UpdateCase{"StatefulSet", R"({"replicas":5})", nullptr},
        UpdateCase{"Deployment", R"({"replicas":-5})", "spec.replicas"}));

}  // namespace
}  // namespace fairway::apiserver::registry::workload
