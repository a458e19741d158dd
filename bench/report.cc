// SPDX-License-Identifier: Apache-2.0
#include "bench/report.h"

#include <cstdio>
#include <sstream>
#include <stdexcept>

namespace fairway::bench {
namespace {

// One member of the JSON object, behind those that are there.
void AddMember(std::ostringstream& json, const std::string& name,
               double value) {
  if (!(value > 0)) throw std::runtime_error("no number for " + name);
  json << (json.tellp() > 0 ? ", " : "") << "\"" << name << "\": " << value;
}

}  // namespace

void Print(const std::vector<Number>& numbers) {
  std::ostringstream json;
  for (const Number& number : numbers) {
    AddMember(json, number.name, number.value);
    std::printf("%-44s %10.2f %s", number.name.c_str(), number.value,
                number.unit.c_str());
    if (number.kubectl) {
      AddMember(json, number.name + ", kubectl 1.20.2", *number.kubectl);
      std::printf("  (kubectl 1.20.2: %.2f %s, ratio %.2f)", *number.kubectl,
                  number.unit.c_str(), number.value / *number.kubectl);
    }
    std::printf("\n");
  }
  std::printf("{%s}\n", json.str().c_str());
}

}  // namespace fairway::bench
