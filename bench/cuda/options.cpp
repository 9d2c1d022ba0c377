#include "options.h"

#include <cstdlib>
#include <sstream>
#include <stdexcept>

const char* const Options::usage =
    "cudnn_bench: cuDNN's best correct algorithm for each convolution, with cold caches, against the floor of this GPU\n"
    "  --problems FILE    lines 'name<TAB>count<TAB>problem' ('-' for standard input); unpairedseg bench problems writes them\n"
    "  --problem TEXT     one problem, as in the repro lines\n"
    "  --filter TEXT      only layers whose name contains this\n"
    "  --pass LIST        of forward,data,weights\n"
    "  --precision LIST   of fp32,tf32,bf16\n"
    "  --layout LIST      of NHWC,NCHW\n"
    "  --runs N           timed runs (20)\n"
    "  --seconds N        starts nothing new after this time (420)\n"
    "  --engine NAME --once   run that configuration once, unchecked: for ncu\n"
    "  --json FILE, --markdown FILE\n"
    "  --copy-mib N, --gemm N   sizes of the peaks' measurements (1024, 8192)\n";

template <typename T>
static std::vector<T> list_of(const std::string& option, const std::string& text, const std::vector<std::pair<std::string, T>>& known) {
  std::vector<T> values;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    size_t before = values.size();
    for (const auto& [name, value] : known)
      if (part == name) values.push_back(value);
    if (values.size() == before) throw std::invalid_argument(option + " does not know '" + part + "'");
  }
  return values;
}

static int positive(const std::string& option, const std::string& text) {
  char* end = nullptr;
  long value = std::strtol(text.c_str(), &end, 10);
  if (text.empty() || *end || value < 1 || value > 1 << 20) throw std::invalid_argument(option + " needs a positive whole number, not '" + text + "'");
  return int(value);
}

Options Options::parse(int count, char** arguments) {
  Options o;
  for (int i = 1; i < count; i++) {
    std::string option = arguments[i];
    if (option == "--help" || option == "-h") {
      o.help = true;
      return o;
    }
    if (option == "--once") {
      o.once = true;
      continue;
    }
    if (i + 1 == count) throw std::invalid_argument(option + " is not known or needs a value; see --help");
    std::string value = arguments[++i];
    if (option == "--problems") o.layers = read_layers(value);
    else if (option == "--problem") o.layers.push_back({"problem", 1, Problem::parse(value)});
    else if (option == "--filter") o.filter = value;
    else if (option == "--engine") o.engine = value;
    else if (option == "--json") o.json = value;
    else if (option == "--markdown") o.markdown = value;
    else if (option == "--pass") o.passes = list_of<Pass>(option, value, {{"forward", Pass::Forward}, {"data", Pass::BackwardData}, {"weights", Pass::BackwardWeights}});
    else if (option == "--precision") o.precisions = list_of<Precision>(option, value, {{"fp32", Precision::Fp32}, {"tf32", Precision::Tf32}, {"bf16", Precision::Bf16}});
    else if (option == "--layout") o.layouts = list_of<Layout>(option, value, {{"NHWC", Layout::Nhwc}, {"NCHW", Layout::Nchw}});
    else if (option == "--runs") o.runs = positive(option, value);
    else if (option == "--seconds") o.seconds = positive(option, value);
    else if (option == "--copy-mib") o.copy_bytes = int64_t(positive(option, value)) << 20;
    else if (option == "--gemm") o.gemm_size = positive(option, value);
    else throw std::invalid_argument(option + " is not known; see --help");
  }
  if (o.layers.empty()) throw std::invalid_argument("--problems or --problem is needed; see --help");
  if (o.once && (o.engine.empty() || o.layers.size() != 1 || o.passes.size() != 1 || o.precisions.size() != 1 || o.layouts.size() != 1))
    throw std::invalid_argument("--once needs --engine, one --problem, one --pass, one --precision and one --layout");
  return o;
}
