// SPDX-License-Identifier: Apache-2.0
/** The command line: {@code java/znio COMMAND}. */
package io.znio.tools;
