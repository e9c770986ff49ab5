// SPDX-License-Identifier: Apache-2.0
/** A module that needs nothing but znio. */
module org.example.consumer {
  requires io.znio;
}
