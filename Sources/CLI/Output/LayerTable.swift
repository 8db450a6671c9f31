import Engine

/// The table of `yolox bench --profile`, slowest layer first.
func layerTable(_ layers: [LayerTiming]) -> String {
  let total = layers.reduce(0) { $0 + $1.microseconds }
  let rows = layers.sorted { $0.microseconds > $1.microseconds }.map { layer in
    let columns: [(value: Double, decimals: Int, width: Int)] = [
      (layer.microseconds, 1, 8), (100 * layer.microseconds / total, 1, 5),
      (layer.operations / layer.microseconds / 1e3, 1, 9), (layer.bytes / 1e3, 0, 7),
      (layer.bytes / layer.microseconds / 1e3, 1, 6),
    ]
    let numbers = columns.map { $0.value.text(decimals: $0.decimals).padded(to: $0.width, .right) }
    return numbers.joined(separator: " ") + "  " + layer.kernel.padded(to: 12) + " " + layer.path
  }
  return (["\n      us     %   GFLOP/s      kB   GB/s  kernel       layer"] + rows).joined(separator: "\n")
}
