/* SPDX-License-Identifier: Apache-2.0 */
/* io.znio.Native: the agent, installed by the program itself. */
#include <errno.h>
#include <string.h>

#include "agent.h"
#include "jni_znio.h"

#define OPTIONS_MAX (PATH_MAX + 256)
#define MESSAGE_MAX (AGENT_MESSAGE_MAX + PATH_MAX)

static jint JNICALL agentInstall(JNIEnv *env, jclass self, jbyteArray options, jbyteArray message) {
  char text[OPTIONS_MAX];
  char said[MESSAGE_MAX] = "";
  jsize length = (*env)->GetArrayLength(env, options);
  if (length >= OPTIONS_MAX) return -ENAMETOOLONG;
  (*env)->GetByteArrayRegion(env, options, 0, length, (jbyte *)text);
  text[length] = '\0';
  int result = agent_install(env, text, said, sizeof said);
  jsize room = (*env)->GetArrayLength(env, message);
  jsize size = (jsize)strlen(said);
  (*env)->SetByteArrayRegion(env, message, 0, size < room ? size : room, (const jbyte *)said);
  return result;
}

static const JNINativeMethod methods[] = {
    JNI_METHOD(agentInstall, "([B[B)I"),
};
const struct jni_table jni_agent_table = JNI_TABLE(methods);
