import CZlib

/// The formats that clients send under the names gzip and deflate, and zlib's parameter for each.
package enum CompressedFormat: Int32, CaseIterable {
  case gzip = 31
  case zlib = 15
  case rawDeflate = -15
}

/// Compresses bytes with zlib.
package func compressed(_ bytes: [UInt8], as format: CompressedFormat) -> [UInt8] {
  var stream = z_stream()
  let size = Int32(MemoryLayout<z_stream>.size)
  var output = [UInt8](repeating: 0, count: bytes.count + bytes.count / 1000 + 100)
  var input = bytes
  return input.withUnsafeMutableBufferPointer { input in
    let count = output.withUnsafeMutableBufferPointer { output in
      deflateInit2_(&stream, 9, Z_DEFLATED, format.rawValue, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size)
      defer { deflateEnd(&stream) }
      (stream.next_in, stream.avail_in) = (input.baseAddress, UInt32(input.count))
      (stream.next_out, stream.avail_out) = (output.baseAddress, UInt32(output.count))
      precondition(deflate(&stream, Z_FINISH) == Z_STREAM_END)
      return output.count - Int(stream.avail_out)
    }
    return Array(output[..<count])
  }
}
