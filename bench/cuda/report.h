// Results as a line to read along, as JSON and as a Markdown table.
#pragma once
#include <ostream>
#include <string>
#include <vector>

#include "layer_bench.h"
#include "peaks.h"

struct Report {
  std::string gpu, cudnn_version;
  int driver_version = 0;
  int64_t l2_bytes = 0;
  Peaks peaks;
  std::vector<CaseResult> results;

  /// Milliseconds that a case takes at least, at the rates of the data sheet or at measured ones; 0 if those are not known.
  double floor_ms(const Case& c, bool at_measured_rates) const;

  std::string line(const CaseResult& result) const;
  void write_json(std::ostream& out) const;
  void write_markdown(std::ostream& out) const;
};
