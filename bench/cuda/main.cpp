// Times cuDNN on the convolutions of the networks; `unpairedseg bench convolutions --device cuda` times ours on the same ones, and tools/gpu-bench.sh joins both.
#include <chrono>
#include <fstream>
#include <iostream>

#include "layer_bench.h"
#include "options.h"
#include "peaks.h"
#include "report.h"

enum ExitCode { OK = 0, FAILED = 1, USAGE = 2, NO_DEVICE = 6 };

static void write(const std::string& path, const Report& report, void (Report::*writer)(std::ostream&) const) {
  if (path.empty()) return;
  std::ofstream file(path);
  (report.*writer)(file);
  if (!file.flush()) throw std::runtime_error(path + ": cannot be written");
}

static void measure(const Options& options, Gpu& gpu, const cudnn::Api& api, Report& report) {
  auto begun = std::chrono::steady_clock::now();
  auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count(); };
  LayerBench bench(gpu, api, options.runs);
  for (const Layer& layer : options.layers) {
    if (layer.name.find(options.filter) == std::string::npos) continue;
    for (Pass pass : options.passes)
      for (Precision precision : options.precisions)
        for (Layout layout : options.layouts) {
          Case wanted{layer, pass, precision, layout};
          CaseResult result{wanted, "", {}, 0, 0, {}, "out of time after " + std::to_string(options.seconds) + " s (--seconds)"};
          if (seconds() < options.seconds) result = bench.search(wanted);
          report.results.push_back(result);
          std::cout << report.line(result) << std::endl;
        }
  }
}

int main(int count, char** arguments) {
  try {
    Options options = Options::parse(count, arguments);
    if (options.help) {
      std::cout << Options::usage;
      return OK;
    }
    Gpu gpu;
    if (options.once) {
      cudnn::Api api;
      LayerBench(gpu, api, 1).run_once({options.layers[0], options.passes[0], options.precisions[0], options.layouts[0]}, options.engine);
      return OK;
    }
    Report report;
    report.gpu = gpu.name();
    report.driver_version = gpu.driver_version();
    report.l2_bytes = gpu.l2_bytes();
    report.peaks = Peaks::measure(gpu, options.copy_bytes, options.gemm_size);
    ExitCode code = OK;
    try {
      cudnn::Api api;
      report.cudnn_version = api.version();
      measure(options, gpu, api, report);
    } catch (const Missing& missing) {
      std::cerr << "cudnn_bench: " << missing.what() << "; only the peaks were measured\n";
      code = NO_DEVICE;
    }
    write(options.json, report, &Report::write_json);
    write(options.markdown, report, &Report::write_markdown);
    return code;
  } catch (const std::invalid_argument& e) {
    std::cerr << "cudnn_bench: " << e.what() << "\n";
    return USAGE;
  } catch (const Missing& missing) {
    std::cerr << "cudnn_bench: " << missing.what() << "\n";
    return NO_DEVICE;
  } catch (const std::exception& e) {
    std::cerr << "cudnn_bench: " << e.what() << "\n";
    return FAILED;
  }
}
