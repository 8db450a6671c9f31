/// Builds a ``Graph`` node by node. Nested scopes form the paths of the nodes, so that code which builds a network yields
/// the weight names of its checkpoint.
package struct GraphBuilder {
  private var nodes: [Node] = []
  private var outputs: [(name: String, value: Value)] = []
  private var masks: [(masked: Value, by: Value)] = []
  private var scope: [String] = []

  package init() {}

  package consuming func build() -> Graph { Graph(nodes: nodes, outputs: outputs, masks: masks) }

  /// Runs `body` one level deeper: nodes added inside have `name` in their path.
  package mutating func scoped<Result>(_ name: String, _ body: (inout GraphBuilder) -> Result) -> Result {
    scope.append(name)
    defer { scope.removeLast() }
    return body(&self)
  }

  package mutating func output(_ name: String, _ value: Value) { outputs.append((name, value)) }

  /// Declares that `value` is needed only where `decider`, an output of one channel, reaches a threshold; see
  /// ``Executor/run(_:maskThreshold:)``.
  package mutating func mask(_ value: Value, by decider: Value) {
    precondition(channels(of: decider) == 1, "the deciding value of a mask has one channel")
    masks.append((value, decider))
  }

  package func channels(of value: Value) -> Int { nodes[value.index].channels }

  package mutating func input(channels: Int) -> Value {
    append(.input(channels: channels), [], channels: channels, name: "input")
  }

  package mutating func convolution(
    _ name: String, _ x: Value, to outputChannels: Int, kernel: Int, stride: Int = 1, groups: Int = 1,
    bias: Bool
  ) -> Value {
    let convolution = Convolution(
      inputChannels: channels(of: x), outputChannels: outputChannels, kernel: kernel, stride: stride,
      groups: groups, hasBias: bias)
    precondition(
      convolution.inputChannels % groups == 0 && outputChannels % groups == 0,
      "\(groups) groups do not divide \(convolution.inputChannels) and \(outputChannels) channels")
    return append(.convolution(convolution), [x], channels: outputChannels, name: name)
  }

  package mutating func batchNormalization(_ name: String, _ x: Value) -> Value {
    append(.batchNormalization, [x], channels: channels(of: x), name: name)
  }

  package mutating func activation(_ activation: Activation, _ x: Value) -> Value {
    append(.activation(activation), [x], channels: channels(of: x), name: "act")
  }

  package mutating func add(_ a: Value, _ b: Value) -> Value {
    precondition(channels(of: a) == channels(of: b), "only values with the same channels can be added")
    return append(.add, [a, b], channels: channels(of: a), name: "add")
  }

  package mutating func concat(_ values: Value...) -> Value { concat(values) }

  package mutating func concat(_ values: [Value]) -> Value {
    append(.concat, values, channels: values.map(channels(of:)).reduce(0, +), name: "concat")
  }

  package mutating func maxPool(_ x: Value, kernel: Int) -> Value {
    append(.maxPool(kernel: kernel), [x], channels: channels(of: x), name: "maxPool\(kernel)")
  }

  package mutating func upsample2x(_ x: Value) -> Value {
    append(.upsample2x, [x], channels: channels(of: x), name: "upsample")
  }

  package mutating func focus(_ x: Value) -> Value {
    append(.focus, [x], channels: channels(of: x) * 4, name: "focus")
  }

  private mutating func append(_ operation: Operation, _ inputs: [Value], channels: Int, name: String)
    -> Value
  {
    nodes.append(
      Node(
        operation: operation, inputs: inputs, channels: channels,
        path: (scope + [name]).joined(separator: ".")))
    return Value(index: nodes.count - 1)
  }
}
