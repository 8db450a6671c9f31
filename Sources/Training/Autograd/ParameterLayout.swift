import Engine

/// The offset of each parameter of a graph in one flat buffer, so that optimiser, EMA and checkpoint are loops over plain
/// numbers. Order: convolution weights (with weight decay), biases and normalisation parameters (without), running
/// statistics (not trained).
package struct ParameterLayout: Sendable {
  package struct Entry: Sendable {
    package let name: String
    package let shape: [Int]
    package let range: Range<Int>
  }

  package let entries: [Entry]
  private let index: [String: Int]
  /// Number of leading elements that weight decay applies to.
  package let decayedCount: Int
  /// Number of leading elements that have gradients.
  package let trainableCount: Int
  package let count: Int

  package init(_ graph: Graph) {
    func role(_ parameter: (name: String, shape: [Int])) -> Int {
      if parameter.shape.count == 4 { return 0 }
      return ParameterLayout.isRunningStatistic(parameter.name) ? 2 : 1
    }
    var entries: [Entry] = []
    var ends = [0, 0, 0]
    var offset = 0
    for wanted in 0..<3 {
      for parameter in graph.parameterShapes where role(parameter) == wanted {
        let end = offset + parameter.shape.reduce(1, *)
        entries.append(Entry(name: parameter.name, shape: parameter.shape, range: offset..<end))
        offset = end
      }
      ends[wanted] = offset
    }
    self.entries = entries
    index = Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($1.name, $0) })
    (decayedCount, trainableCount, count) = (ends[0], ends[1], ends[2])
  }

  static func isRunningStatistic(_ name: String) -> Bool {
    name.hasSuffix(".running_mean") || name.hasSuffix(".running_var")
  }

  package subscript(name: String) -> Entry? { index[name].map { entries[$0] } }

  func offset(_ name: String) -> Int {
    guard let entry = self[name] else { preconditionFailure("the graph has no parameter \(name)") }
    return entry.range.lowerBound
  }

  /// The ranges of the parameters whose names satisfy `isIncluded`, adjacent ones merged.
  package func ranges(where isIncluded: (String) -> Bool) -> [Range<Int>] {
    entries.filter { isIncluded($0.name) }.reduce(into: []) { ranges, entry in
      if let last = ranges.last, last.upperBound == entry.range.lowerBound {
        ranges[ranges.count - 1] = last.lowerBound..<entry.range.upperBound
      } else {
        ranges.append(entry.range)
      }
    }
  }

  /// The parameters in `buffer` by name; those that the buffer does not cover are left out.
  package func parameters(_ buffer: FloatBuffer) -> Parameters {
    var parameters: Parameters = [:]
    for entry in entries where entry.range.upperBound <= buffer.count {
      parameters[entry.name] = Tensor(shape: entry.shape, values: buffer.values(entry.range))
    }
    return parameters
  }

  /// Copies the parameters whose shapes match into `buffer`.
  ///
  /// - Returns: the names that are missing in `parameters` or have another shape.
  @discardableResult
  package func load(_ parameters: Parameters, into buffer: FloatBuffer) -> [String] {
    var missing: [String] = []
    for entry in entries {
      if let tensor = parameters[entry.name], tensor.shape == entry.shape {
        buffer.set(tensor.values, at: entry.range.lowerBound)
      } else {
        missing.append(entry.name)
      }
    }
    return missing
  }
}
