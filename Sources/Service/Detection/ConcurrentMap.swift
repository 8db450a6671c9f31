extension Array where Element: Sendable {
  /// Transforms all elements at the same time.
  ///
  /// - Returns: the values in the order of the elements.
  func concurrentMap<Value: Sendable>(
    _ transform: @escaping @Sendable (Element) async -> Value
  ) async -> [Value] {
    await withTaskGroup(of: (Int, Value).self) { group in
      for (index, element) in enumerated() {
        group.addTask { (index, await transform(element)) }
      }
      var values: [(Int, Value)] = []
      for await value in group { values.append(value) }
      return values.sorted { $0.0 < $1.0 }.map(\.1)
    }
  }
}

extension Result {
  /// The value that `body` returns, or the error that it throws.
  ///
  /// Tasks of a group use this: a `do throws` in the task's closure that returns a tuple gave other tasks' values in optimised
  /// builds (Swift 6.3, Linux).
  init(_ body: () async throws(Failure) -> Success) async {
    do { self = .success(try await body()) } catch { self = .failure(error) }
  }
}
