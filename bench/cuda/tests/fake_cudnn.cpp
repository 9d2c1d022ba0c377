// A stand-in for cuDNN's graph interface on a machine without a GPU: it takes exactly the descriptors and attributes below, with their types, and computes convolutions plainly.
// Heuristic A proposes the second and then the first engine, B and fallback the first. FAKE_CUDNN_WRONG plants a fault in the second engine:
//   region    a quarter of the result is wrong         unwritten   the last element is not written         all   every engine is wrong
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <vector>

enum { SUCCESS = 0, BAD_PARAM = 2000, NOT_SUPPORTED = 3000 };
enum Type { CONVOLUTION = 1, ENGINE, ENGINECFG, ENGINEHEUR, PLAN, FORWARD = 10, BACKWARD_FILTER, BACKWARD_DATA, GRAPH = 15, PACK, TENSOR };

struct Value {
  int type;
  int64_t count;
  std::vector<char> bytes;
};

struct Descriptor {
  int type;
  bool finalized = false;
  std::map<int, Value> values;

  const int64_t* integers(int name) const { return reinterpret_cast<const int64_t*>(values.at(name).bytes.data()); }
  Descriptor* child(int name) const { return *reinterpret_cast<Descriptor* const*>(values.at(name).bytes.data()); }
};

struct Rule {
  int name, type;
};

static const std::map<int, std::vector<Rule>> rules = {
    {CONVOLUTION, {{100, 1}, {101, 7}, {102, 3}, {103, 3}, {104, 3}, {105, 3}, {106, 3}}},
    {ENGINE, {{1300, 15}, {1301, 3}}},
    {ENGINECFG, {{300, 15}}},
    {ENGINEHEUR, {{200, 8}, {201, 15}}},
    {PLAN, {{400, 0}, {401, 15}}},
    {FORWARD, {{700, 4}, {701, 4}, {702, 15}, {703, 15}, {704, 15}, {705, 15}}},
    {BACKWARD_DATA, {{706, 4}, {707, 4}, {708, 15}, {709, 15}, {710, 15}, {711, 15}}},
    {BACKWARD_FILTER, {{712, 4}, {713, 4}, {714, 15}, {715, 15}, {716, 15}, {717, 15}}},
    {GRAPH, {{800, 0}, {801, 15}}},
    {PACK, {{1000, 3}, {1001, 6}, {1003, 6}}},
    {TENSOR, {{900, 3}, {901, 1}, {902, 3}, {903, 3}, {906, 3}}},
};

static size_t size_of(int type) { return type == 0 || type == 3 || type == 6 || type == 15 ? 8 : 4; }

static void store(Descriptor& d, int name, int type, int64_t count, const void* values) {
  const char* bytes = static_cast<const char*>(values);
  d.values[name] = {type, count, std::vector<char>(bytes, bytes + size_t(count) * size_of(type))};
}

/// A tensor in device memory, which is host memory here.
struct Memory {
  const Descriptor& tensor;
  char* data;

  std::vector<int64_t> extents() const {
    const Value& v = tensor.values.at(902);
    return {tensor.integers(902), tensor.integers(902) + v.count};
  }
  bool is_bf16() const { return *reinterpret_cast<const int*>(tensor.values.at(901).bytes.data()) == 9; }
  int64_t place(const std::vector<int64_t>& index) const {
    int64_t offset = 0;
    for (size_t i = 0; i < index.size(); i++) offset += index[i] * tensor.integers(903)[i];
    return offset;
  }
  float get(const std::vector<int64_t>& index) const {
    if (!is_bf16()) return reinterpret_cast<float*>(data)[place(index)];
    uint32_t bits = uint32_t(reinterpret_cast<uint16_t*>(data)[place(index)]) << 16;
    float value;
    std::memcpy(&value, &bits, 4);
    return value;
  }
  void put(const std::vector<int64_t>& index, float value) const {
    uint32_t bits;
    std::memcpy(&bits, &value, 4);
    if (is_bf16())
      reinterpret_cast<uint16_t*>(data)[place(index)] = uint16_t((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    else
      reinterpret_cast<float*>(data)[place(index)] = value;
  }
};

static void each(const std::vector<int64_t>& extents, const std::function<void(const std::vector<int64_t>&)>& f) {
  std::vector<int64_t> index(extents.size());
  for (;;) {
    f(index);
    size_t axis = extents.size();
    while (axis > 0 && ++index[axis - 1] == extents[axis - 1]) index[--axis] = 0;
    if (axis == 0) return;
  }
}

static void convolve(const Descriptor& operation, const Descriptor& pack, int64_t engine) {
  int base = operation.type == FORWARD ? 702 : operation.type == BACKWARD_DATA ? 708 : 714;
  int xn = operation.type == FORWARD ? 704 : operation.type == BACKWARD_DATA ? 710 : 716, wn = operation.type == BACKWARD_FILTER ? 715 : base + 1;
  int yn = operation.type == FORWARD ? 705 : operation.type == BACKWARD_DATA ? 711 : 717;
  const Descriptor& c = *operation.child(base);
  auto memory = [&](int name) {
    const Descriptor& tensor = *operation.child(name);
    for (int64_t i = 0; i < pack.values.at(1000).count; i++)
      if (pack.integers(1000)[i] == *tensor.integers(906)) return Memory{tensor, reinterpret_cast<char*>(pack.integers(1001)[i])};
    std::abort();
  };
  Memory x = memory(xn), w = memory(wn), y = memory(yn), result = operation.type == FORWARD ? y : operation.type == BACKWARD_DATA ? x : w;
  const std::vector<int64_t> result_extents = result.extents();
  auto number_of = [&](const std::vector<int64_t>& index) {
    int64_t number = 0;
    for (size_t a = 0; a < index.size(); a++) number = number * result_extents[a] + index[a];
    return size_t(number);
  };
  size_t elements = 1;
  for (int64_t extent : result_extents) elements *= size_t(extent);
  std::vector<double> sums(elements);
  std::vector<int64_t> in = x.extents(), taps = w.extents();
  int64_t outputs = taps[0], inputs = taps[1];
  taps.erase(taps.begin(), taps.begin() + 2);
  each(y.extents(), [&](const std::vector<int64_t>& o) {
    if (o[1] != 0) return;  // channels below
    each(taps, [&](const std::vector<int64_t>& t) {
      std::vector<int64_t> source = {o[0], 0}, tap = {0, 0}, out = o;
      for (size_t a = 0; a < t.size(); a++) {
        source.push_back(o[a + 2] * c.integers(103)[a] + t[a] * c.integers(102)[a] - c.integers(105)[a]);
        tap.push_back(t[a]);
        if (source.back() < 0 || source.back() >= in[a + 2]) return;
      }
      for (int64_t k = 0; k < outputs; k++)
        for (int64_t ci = 0; ci < inputs; ci++) {
          out[1] = tap[0] = k, source[1] = tap[1] = ci;
          if (operation.type == FORWARD) sums[number_of(out)] += double(x.get(source)) * w.get(tap);
          if (operation.type == BACKWARD_DATA) sums[number_of(source)] += double(w.get(tap)) * y.get(out);
          if (operation.type == BACKWARD_FILTER) sums[number_of(tap)] += double(x.get(source)) * y.get(out);
        }
    });
  });
  const char* fault = std::getenv("FAKE_CUDNN_WRONG");
  std::string wrong = fault && (engine == 1 || std::string(fault) == "all") ? fault : "";
  each(result_extents, [&](const std::vector<int64_t>& index) {
    size_t number = number_of(index);
    if (wrong == "unwritten" && number + 1 == sums.size()) return;
    result.put(index, float((wrong == "region" && number < sums.size() / 4) || wrong == "all" ? sums[number] + 1 : sums[number]));
  });
}

extern "C" {
int cudnnCreate(void** handle) {
  *handle = new int(9);
  return SUCCESS;
}
int cudnnDestroy(void* handle) {
  delete static_cast<int*>(handle);
  return SUCCESS;
}
size_t cudnnGetVersion() { return 91300; }
const char* cudnnGetErrorString(int status) { return status == NOT_SUPPORTED ? "CUDNN_STATUS_NOT_SUPPORTED" : status ? "CUDNN_STATUS_BAD_PARAM" : "CUDNN_STATUS_SUCCESS"; }

int cudnnBackendCreateDescriptor(int type, void** descriptor) {
  if (!rules.count(type)) return BAD_PARAM;
  *descriptor = new Descriptor{type, false, {}};
  return SUCCESS;
}
int cudnnBackendDestroyDescriptor(void* descriptor) {
  delete static_cast<Descriptor*>(descriptor);
  return SUCCESS;
}
int cudnnBackendSetAttribute(void* descriptor, int name, int type, int64_t count, const void* values) {
  auto& d = *static_cast<Descriptor*>(descriptor);
  for (const Rule& rule : rules.at(d.type))
    if (rule.name == name && rule.type == type && !d.finalized && count > 0) {
      // As the library does, it keeps what a finalized child says and not the child.
      if (type == 15) {
        auto* child = *static_cast<Descriptor* const*>(values);
        if (!child->finalized) return BAD_PARAM;
        auto* copy = new Descriptor(*child);  // kept until the process ends
        store(d, name, type, 1, &copy);
      } else {
        store(d, name, type, count, values);
      }
      return SUCCESS;
    }
  return BAD_PARAM;
}
int cudnnBackendFinalize(void* descriptor) {
  auto& d = *static_cast<Descriptor*>(descriptor);
  for (const Rule& rule : rules.at(d.type))
    if (!d.values.count(rule.name)) return BAD_PARAM;
  if (d.type == ENGINE && *d.integers(1301) == 3) return NOT_SUPPORTED;
  if (d.type == CONVOLUTION && std::memcmp(d.integers(104), d.integers(105), size_t(d.values.at(104).count) * 8) != 0) return NOT_SUPPORTED;
  d.finalized = true;
  return SUCCESS;
}
static Descriptor engine_of(Descriptor* graph, int64_t index) {
  Descriptor engine{ENGINE, true, {}};
  store(engine, 1300, 15, 1, &graph);
  store(engine, 1301, 3, 1, &index);
  return engine;
}
int cudnnBackendGetAttribute(void* descriptor, int name, int type, int64_t room, int64_t* count, void* values) {
  auto& d = *static_cast<Descriptor*>(descriptor);
  if (!d.finalized) return BAD_PARAM;
  if (d.type == GRAPH && name == 802 && type == 3) {
    *static_cast<int64_t*>(values) = 4;
  } else if (d.type == PLAN && name == 402 && type == 3) {
    *static_cast<int64_t*>(values) = 1024;
  } else if (d.type == ENGINE && name == 1303 && type == 11) {
    *count = *d.integers(1301) == 2 ? 1 : 0;  // the third rounds its operands
    if (*count && room) *static_cast<int*>(values) = 1;
    return SUCCESS;
  } else if (d.type == ENGINECFG && name == 300 && type == 15) {
    **static_cast<Descriptor**>(values) = *d.child(300);
  } else if (d.type == ENGINEHEUR && name == 202 && type == 15) {
    int mode = *reinterpret_cast<const int*>(d.values.at(200).bytes.data());
    std::vector<int64_t> engines = mode == 3 ? std::vector<int64_t>{1, 0} : std::vector<int64_t>{0};
    *count = int64_t(engines.size());
    for (int64_t i = 0; i < room && i < *count; i++) {
      auto* configuration = static_cast<Descriptor**>(values)[i];
      auto* engine = new Descriptor(engine_of(d.child(201), engines[size_t(i)]));  // kept until the process ends
      store(*configuration, 300, 15, 1, &engine);
      configuration->finalized = true;
    }
    return SUCCESS;
  } else {
    return BAD_PARAM;
  }
  *count = 1;
  return SUCCESS;
}
int cudnnBackendExecute(void* handle, void* plan, void* pack) {
  auto &p = *static_cast<Descriptor*>(plan), &bound = *static_cast<Descriptor*>(pack);
  if (!handle || !p.finalized || !bound.finalized) return BAD_PARAM;
  const Descriptor& engine = *p.child(401)->child(300);
  convolve(*engine.child(1300)->child(801), bound, *engine.integers(1301));
  return SUCCESS;
}
}
