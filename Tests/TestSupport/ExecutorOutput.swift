import Engine

extension Executor {
  /// Output `name` of image `image` as `[C, H, W]`.
  package func dense(_ name: String, image: Int = 0) -> [Float] {
    withOutput(name, image: image) { values, layout in
      var dense: [Float] = []
      for channel in 0..<layout.channels {
        for row in 0..<layout.height {
          for column in 0..<layout.width {
            dense.append(values[layout.index(channel: channel, row: row, column: column)])
          }
        }
      }
      return dense
    }
  }
}
